import { spawnSync } from 'node:child_process';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { newKeyId } from '../../src/keys/key-id.js';
import { TokenStore } from '../../src/server/access/token-store.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { runCli } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';
import { send } from './helpers.js';

const temporary = temporaryFolder();
const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
const problem = hasPrlimit ? '' : ' (skipped: prlimit is missing: install util-linux)';
if (problem && process.env.CI && process.platform === 'linux') throw new Error(problem);

/** What a running server does while its disk takes nothing, which a limit on the size of files stands for. */
async function serveOn(mode: string, work: (disk: Disk) => Promise<void>): Promise<string> {
  const location = `sqlite:${temporary(`${mode}.sqlite`)}`;
  const tokens = new TokenStore(temporary(`tokens ${mode}`));
  const { token } = await tokens.create({ name: 'test', scopes: ['register', 'read-keys', 'admin'] });
  const args = [
    'serve',
    '--port',
    '0',
    '--log-level',
    'warn',
    '--key-store',
    location,
    '--audit-reads',
    mode,
  ];
  let worked: Promise<void> = Promise.resolve();
  const { stderr } = await runCli([...args, '--token-dir', tokens.directory], {
    env: { PRPACK_KEK: KEK_HEX },
    onStart(child) {
      let said = '';
      child.stderr!.on('data', (part: Buffer) => {
        said += part.toString();
        const url = /Listening on (\S+)/.exec(said)?.[1];
        if (!url) return;
        said = '';
        const limit = (bytes: string) =>
          expect(spawnSync('prlimit', [`--fsize=${bytes}:`, '--pid', `${child.pid}`]).status).toBe(0);
        const disk: Disk = {
          fill: () => limit('1'),
          free: () => limit('unlimited'),
          fetch: (path, options) => send(`${url}${path}`, { token, ...options }),
          location,
        };
        worked = work(disk).finally(() => child.kill('SIGTERM'));
      });
    },
  });
  await worked;
  return stderr;
}

interface Disk {
  readonly fill: () => void;
  readonly free: () => void;
  readonly fetch: (path: string, options?: object) => ReturnType<typeof send>;
  readonly location: string;
}

const put = (disk: Disk, kid: string) =>
  disk.fetch(`/v1/keys/${kid}`, { method: 'PUT', body: { key: '1'.repeat(32), contentId: 'film' } });

async function untilReady(disk: Disk): Promise<void> {
  while ((await disk.fetch('/health/ready')).status !== 200) await new Promise((end) => setTimeout(end, 50));
}

it.skipIf(problem)(
  `gives keys out while the disk is full, says so, and has noted them all when there is room again${problem}`,
  async () => {
    const kid = newKeyId();
    let waited = 0;
    const log = await serveOn('batched', async (disk) => {
      expect((await put(disk, kid)).status).toBe(201);
      disk.fill();
      for (let i = 0; i < 5; i++) expect((await disk.fetch(`/v1/keys/${kid}/key`)).status).toBe(200);
      expect((await put(disk, newKeyId())).status).toBe(503);
      expect((await disk.fetch('/health/ready')).status).toBe(503);
      expect((await disk.fetch('/health/live')).status).toBe(200);
      while (waited === 0) {
        const { text } = await disk.fetch('/metrics');
        waited = Number(/^prpack_audit_lines_waiting (\d+)/m.exec(text)![1]);
      }
      disk.free();
      await untilReady(disk);
      expect((await put(disk, newKeyId())).status).toBe(201);
    });
    expect(waited).toBe(5);
    expect(log).toContain('lines of the audit cannot be written');
    const database = new DatabaseSync(temporary('batched.sqlite'), { readOnly: true });
    expect(database.prepare("select count(*) as n from audit where operation = 'open'").get()).toEqual({
      n: 5,
    });
    database.close();
  },
);

it.skipIf(problem)(`gives out no key that it cannot note, with --audit-reads always${problem}`, async () => {
  const kid = newKeyId();
  await serveOn('always', async (disk) => {
    expect((await put(disk, kid)).status).toBe(201);
    expect((await disk.fetch(`/v1/keys/${kid}/key`)).status).toBe(200);
    disk.fill();
    expect((await disk.fetch(`/v1/keys/${kid}/key`)).status).toBe(503);
    disk.free();
    await untilReady(disk);
    expect((await disk.fetch(`/v1/keys/${kid}/key`)).status).toBe(200);
  });
});
