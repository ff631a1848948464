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

/**
 * Starts one in a folder of its own, for its user alone, which goes away when it is stopped. `pid` is that of its first process; `crash` ends it
 * without any tidying, and `restart` begins it again.
 */
export async function startPostgres(parent = tmpdir()) {
  const folder = mkdtempSync(join(parent, 'prpack-pg-'));
  const owner = ownerOfServer();
  if (owner) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const port = await freePort();
  const run = (program, ...args) => runAs(owner, folder, program, args);
  const control = (command, ...args) => run('pg_ctl', command, '--wait', '--pgdata', data, ...args);
  const start = () => control('start', '--log', join(folder, 'log'));
  run('initdb', '--pgdata', data, '--username', 'prpack', '--auth', 'trust', '--no-sync');
  const settings = { port, listen_addresses: "'127.0.0.1'", unix_socket_directories: `'${folder}'` };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  appendFileSync(join(data, 'postgresql.conf'), lines.join(''));
  start();
  return {
    url: postgresUrl(port),
    port,
    pid: Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]),
    crash: () => control('stop', '--mode', 'immediate'),
    restart: start,
    stop: () => {
      if (existsSync(join(data, 'postmaster.pid'))) control('stop', '--mode', 'fast');
      rmSync(folder, { recursive: true });
    },
  };
}

export function postgresUrl(port) {
  return `postgres://prpack@127.0.0.1:${port}/postgres`;
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

/** One of the loopback interface. */
export function freePort() {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
