import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { afterAll, beforeAll, describe } from 'vitest';
import { freePort } from './free-port.js';
import { ROOT } from './samples.js';

/** One to look for where none may be. */
export const REDIS_PASSWORD = 'redis-pass-that-nobody-may-see';

const certificate = (name: string) => join(ROOT, `test/server/certificates/${name}.pem`);
/** Certificate of those who issued that of the server. */
export const REDIS_AUTHORITY = certificate('ca');

/** A Redis server for the tests of one file, which has on the disk what it has acknowledged. */
export class RedisServer {
  readonly #folder = mkdtempSync(join(tmpdir(), 'prpack-redis-'));
  readonly #port: number;
  readonly #tlsPort: number;
  #process: ChildProcess | undefined;
  #databases = 0;

  private constructor(port: number, tlsPort: number) {
    this.#port = port;
    this.#tlsPort = tlsPort;
  }

  static async create(): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await freePort());
    const lines = [
      ...['bind 127.0.0.1', `port ${server.#port}`, `dir ${server.#folder}`, 'databases 64'],
      `tls-port ${server.#tlsPort}`,
      ...[`tls-cert-file ${certificate('server')}`, `tls-key-file ${certificate('server.key')}`],
      ...[`tls-ca-cert-file ${REDIS_AUTHORITY}`, 'tls-auth-clients no'],
      ...['appendonly yes', 'appendfsync always', 'save ""', `requirepass ${REDIS_PASSWORD}`],
    ];
    writeFileSync(join(server.#folder, 'redis.conf'), `${lines.join('\n')}\n`, { mode: 0o600 });
    await server.start();
    return server;
  }

  /** URL of an empty database, with its password. */
  async database(): Promise<string> {
    return this.#url(++this.#databases);
  }

  /** The same by TLS, with a certificate of `REDIS_AUTHORITY`. */
  async tlsDatabase(): Promise<string> {
    return (await this.database())
      .replace('redis:', 'rediss:')
      .replace(`:${this.#port}/`, `:${this.#tlsPort}/`);
  }

  /** How many names there are in a database. */
  async size(url: string): Promise<number> {
    return this.#ask(url, (client) => client.dbsize());
  }

  /** Starts the server, and ends when it answers. */
  async start(): Promise<void> {
    this.#process = spawn('redis-server', [join(this.#folder, 'redis.conf')], { stdio: 'ignore' });
    const answers = () =>
      this.#ask(this.#url(0), (client) => client.ping()).then(
        () => true,
        () => false,
      );
    while (!(await answers())) await sleep(20);
  }

  /** Ends the server as a crash would. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once('exit', resolve));
    if (this.#process?.kill('SIGKILL')) await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #url(database: number): string {
    return `redis://:${REDIS_PASSWORD}@127.0.0.1:${this.#port}/${database}`;
  }

  async #ask<T>(url: string, question: (client: Client) => Promise<T>): Promise<T> {
    const client = new Client(url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => {}); // the question fails, too
    try {
      await client.connect();
      return await question(client);
    } finally {
      client.disconnect();
    }
  }
}

/**
 * `describe` with a server for its tests, as `describeWithPostgres`.
 * @param body gets what gives the server, to be called in tests and hooks
 */
export function describeWithRedis(title: string, body: (redis: () => RedisServer) => void): void {
  if (isInstalled()) return void describe(title, () => body(throwawayRedis()));
  const reason = 'redis-server is missing: install redis-server';
  if (process.env.CI) throw new Error(`${title}: ${reason}`);
  describe.skip(`${title} (skipped: ${reason})`, () =>
    body(() => {
      throw new Error(reason);
    }));
}

function throwawayRedis(): () => RedisServer {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.create();
  });
  afterAll(() => redis?.remove());
  return () => redis;
}

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
