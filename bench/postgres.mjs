// A PostgreSQL server of its own for a benchmark, with flushes to the disk as in earnest. Programs in /usr/lib/postgresql or on the PATH.

import { execFileSync, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { refuse } from './support.mjs';

const DEBIAN_FOLDER = '/usr/lib/postgresql';

/** Starts one in a folder of its own, for its user alone, which goes away when it is stopped. `pid` is that of its first process. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'prpack-pg-'));
  const owner = ownerOfServer();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const run = (program, ...args) => runAs(owner, folder, program, args);
  run('initdb', '--pgdata', data, '--username', 'prpack', '--auth', 'trust', '--no-sync');
  const settings = { port, listen_addresses: "'127.0.0.1'", unix_socket_directories: `'${folder}'` };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  appendFileSync(join(data, 'postgresql.conf'), lines.join(''));
  run('pg_ctl', 'start', '--wait', '--pgdata', data, '--log', join(folder, 'log'));
  return {
    url: `postgres://prpack@127.0.0.1:${port}/postgres`,
    pid: Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]),
    stop: () => {
      run('pg_ctl', 'stop', '--wait', '--mode', 'fast', '--pgdata', data);
      rmSync(folder, { recursive: true });
    },
  };
}

/** PostgreSQL does not run as root. */
function ownerOfServer() {
  if (process.getuid() !== 0) return undefined;
  const id = (what) => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function runAs(owner, cwd, program, args) {
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const { status, error } = spawnSync(join(programFolder(), program), args, {
    ...owner,
    cwd,
    env,
    stdio: 'ignore',
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error ?? status}`);
}

function programFolder() {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER).sort().reverse() : [];
  const folders = [
    ...versions.map((version) => join(DEBIAN_FOLDER, version, 'bin')),
    ...process.env.PATH.split(':'),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb'))) ?? refuse('there is no PostgreSQL');
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
