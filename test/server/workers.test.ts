import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { newKeyId } from '../../src/keys/key-id.js';
import { TokenStore } from '../../src/server/access/token-store.js';
import { KEK_HEX } from '../keystore/helpers.js';
import { type CliResult, runProcess } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';
import { send } from './helpers.js';

const temporary = temporaryFolder();
let count = 0;

/** A server of two processes. */
interface Workers {
  readonly url: string;
  readonly token: string;
  readonly tokens: TokenStore;
  readonly child: ChildProcess;
  readonly end: Promise<CliResult>;
  /** Lines of the log so far. */
  lines(): LogLine[];
}

interface LogLine {
  readonly pid?: number;
  readonly worker?: number;
  readonly end?: string;
  readonly status?: number;
  readonly reqId?: string;
  readonly msg: string;
}

async function withWorkers(work: (workers: Workers) => Promise<void>, flags: readonly string[] = []) {
  const folder = temporary(`workers-${++count}`);
  const tokens = new TokenStore(join(folder, 'tokens'));
  const { token } = await tokens.create({ name: 'test', scopes: ['register', 'read-keys'] });
  const store = ['--key-store', `sqlite:${join(folder, 'keys.sqlite')}`, '--token-dir', tokens.directory];
  const args = ['serve', '--workers', '2', '--port', '0', '--json', ...store, ...flags];
  let said = '';
  let start: (child: ChildProcess) => void;
  const started = new Promise<ChildProcess>((resolve) => {
    start = resolve;
  });
  const end = runProcess(args, {
    env: { PRPACK_KEK: KEK_HEX, HOME: folder },
    onStart(child) {
      child.stderr!.on('data', (part: Buffer) => {
        said += part.toString();
      });
      let facts = '';
      child.stdout!.on('data', (part: Buffer) => {
        facts += part.toString();
        if (facts.endsWith('}\n')) start(child);
      });
    },
  });
  const child = await Promise.race([
    started,
    end.then(({ stderr }) => {
      throw new Error(stderr);
    }),
  ]);
  const lines = () =>
    said
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  const url = /http:\S+/.exec(lines().find(({ msg }) => msg.startsWith('Server listening'))!.msg)![0];
  try {
    await work({ url, token, tokens, child, end, lines });
  } finally {
    child.kill('SIGTERM');
    await end;
  }
}

/** A request on a connection of its own: connections are given to the processes in turn. */
async function ask({ url, token }: Workers, path: string, request: Parameters<typeof send>[1] = {}) {
  return send(`${url}${path}`, { token, ...request, headers: { connection: 'close', ...request.headers } });
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('prpack serve --workers', () => {
  it('serves one port and one store from each process, and adds up their metrics', async () => {
    await withWorkers(async (workers) => {
      const kids = Array.from({ length: 6 }, newKeyId);
      for (const kid of kids) {
        const body = { key: '3a2a1b68dd2bd9b2eeb25e84c4776668', contentId: `film ${kid}` };
        const { status } = await ask(workers, `/v1/keys/${kid}`, { method: 'PUT', body });
        expect(status).toBe(201);
      }
      for (const kid of kids) expect((await ask(workers, `/v1/keys/${kid}/key`)).status).toBe(200);
      const { text } = await ask(workers, '/metrics');
      expect(text).toContain('prpack_key_registrations_total{outcome="created"} 6\n');
      expect(text).toContain('prpack_key_releases_total{by="rest"} 6\n');
      const served = () => workers.lines().filter(({ msg, status }) => msg === 'served' && status! < 300);
      await until(() => served().length === 13);
      expect(new Set(served().map(({ pid }) => pid)).size).toBe(2);
    });
  });

  it('goes on when a process is killed, and has another in its place', async () => {
    await withWorkers(async (workers) => {
      const listening = () => workers.lines().filter(({ msg }) => msg.startsWith('Server listening'));
      const [first] = listening();
      process.kill(first!.pid!, 'SIGKILL');
      const hasEnded = ({ worker, end }: LogLine) => worker === first!.pid && end === 'SIGKILL';
      await until(() => workers.lines().some(hasEnded));
      expect((await ask(workers, '/v1/keys')).status).toBe(200);
      await until(() => listening().length === 3);
      expect((await ask(workers, '/metrics')).status).toBe(200);
      expect((await ask(workers, '/v1/keys')).status).toBe(200);
    });
  });

  it('refuses a token that was revoked, in each process', async () => {
    await withWorkers(async (workers) => {
      const statuses = async () => [
        (await ask(workers, '/v1/keys')).status,
        (await ask(workers, '/v1/keys')).status,
      ];
      expect(await statuses()).toEqual([200, 200]);
      const [record] = await workers.tokens.list();
      await workers.tokens.revoke(record!.id);
      await until(async () => (await statuses()).every((status) => status === 401));
    });
  });

  it('ends with all its processes at SIGTERM, and says once what keeps it from starting', async () => {
    await withWorkers(async (workers) => {
      const port = new URL(workers.url).port;
      const second = await runProcess(['serve', '--workers', '2', '--port', port], {
        env: { PRPACK_KEK: KEK_HEX, HOME: temporary('second') },
      });
      expect(second.exitCode).toBe(2);
      expect(second.stderr.match(/EADDRINUSE/g)).toHaveLength(1);
      const pids = workers
        .lines()
        .flatMap(({ pid, msg }) => (msg.startsWith('Server listening') ? [pid!] : []));
      workers.child.kill('SIGTERM');
      expect((await workers.end).exitCode).toBe(0);
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
      expect(workers.lines().some(({ end }) => end !== undefined)).toBe(false);
    });
  });
});
