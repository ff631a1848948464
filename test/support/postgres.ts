import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe } from 'vitest';
import { freePort } from './free-port.js';
import { isRoot } from './other-user.js';

/** What every database of a throwaway cluster belongs to. The password is one to look for where none may be. */
export const POSTGRES_USER = 'prpack';
export const POSTGRES_PASSWORD = 'pass-that-nobody-may-see';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
/** A test does not wait for disks, nor for a database that is kept small. */
const SETTINGS = {
  shared_buffers: '16MB',
  max_connections: '100',
  listen_addresses: '127.0.0.1',
  unix_socket_permissions: '0777',
};
/** What a throwaway database does without: it is gone after a crash of the machine, but not after one of the server. */
const NOT_DURABLE = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'on' };

export interface PostgresOptions {
  /** Commits wait for the disk, as in earnest. */
  readonly isDurable?: boolean;
  /** Further settings of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL server for the tests of one file. */
export class Postgres {
  readonly #folder: string;
  readonly #port: number;
  #databases = 0;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
  }

  static async create({ isDurable = false, settings = {} }: PostgresOptions): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'prpack-pg-'));
    const owner = serverOwner();
    if (owner) chownSync(folder, owner.uid, owner.gid);
    const postgres = new Postgres(folder, await freePort());
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, POSTGRES_PASSWORD, { mode: 0o644 });
    runAsOwner('initdb', [
      ...['--pgdata', postgres.dataFolder, '--username', POSTGRES_USER, '--pwfile', passwordFile],
      ...['--auth-local', 'trust', '--auth-host', 'scram-sha-256'],
      ...['--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    ]);
    const all = {
      ...SETTINGS,
      ...(!isDurable && NOT_DURABLE),
      port: `${postgres.#port}`,
      unix_socket_directories: folder,
      ...settings,
    };
    const lines = Object.entries(all).map(([name, value]) => `${name} = '${value}'\n`);
    writeFileSync(join(postgres.dataFolder, 'postgresql.auto.conf'), lines.join(''));
    postgres.start();
    return postgres;
  }

  get dataFolder(): string {
    return join(this.#folder, 'data');
  }

  get host(): string {
    return '127.0.0.1';
  }

  get port(): number {
    return this.#port;
  }

  /** Folder of the Unix socket, by which everybody is let in without a password. */
  get socketFolder(): string {
    return this.#folder;
  }

  /** URL of a database, with user and password. */
  url(database: string): string {
    return `postgres://${POSTGRES_USER}:${POSTGRES_PASSWORD}@${this.host}:${this.#port}/${database}`;
  }

  /** Makes an empty database, and returns its URL. */
  async database(): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.query(this.url('postgres'), `create database ${name}`);
    return this.url(name);
  }

  /** Rows of a statement, on a connection of its own. */
  async query<Row extends object>(url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Row>(sql, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  /** Starts the server, and returns when it answers. */
  start(): void {
    this.#control('start', '--wait', '--log', join(this.#folder, 'log'));
  }

  /** Stops the server: `immediate` as a crash would, `fast` in good order but without waiting for clients. */
  stop(mode: 'immediate' | 'fast' = 'immediate'): void {
    this.#control('stop', '--wait', '--mode', mode);
  }

  remove(): void {
    if (existsSync(join(this.dataFolder, 'postmaster.pid'))) this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #control(command: string, ...options: string[]): void {
    runAsOwner('pg_ctl', [command, '--pgdata', this.dataFolder, ...options]);
  }
}

/**
 * `describe` with a server for its tests, which is started before them and removed after them. Skipped with the reason in its title
 * where PostgreSQL is missing; a failure in CI (the variable `CI` is set).
 * @param body gets what gives the server, to be called in tests and hooks
 */
export function describeWithPostgres(
  title: string,
  body: (postgres: () => Postgres) => void,
  options: PostgresOptions = {},
): void {
  if (binFolder()) return void describe(title, () => body(throwawayPostgres(options)));
  const reason = 'postgresql is missing: install postgresql';
  if (process.env.CI) throw new Error(`${title}: ${reason}`);
  describe.skip(`${title} (skipped: ${reason})`, () =>
    body(() => {
      throw new Error(reason);
    }));
}

function throwawayPostgres(options: PostgresOptions): () => Postgres {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await Postgres.create(options);
  });
  afterAll(() => postgres?.remove());
  return () => postgres;
}

/** Debian keeps the programs of the server off the PATH. */
function binFolder(): string | undefined {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const folders = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  return [...folders, ...(process.env.PATH ?? '').split(delimiter)].find((folder) =>
    existsSync(join(folder, 'initdb')),
  );
}

/** The server refuses to run as root: then it runs as the user that Debian's package makes for it. */
function serverOwner(): { uid: number; gid: number } | undefined {
  if (!isRoot) return undefined;
  const id = (what: '-u' | '-g') => Number(execFileSync('id', [what, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function runAsOwner(program: string, args: readonly string[]): void {
  // No pipes: the server would keep them open.
  const { status, error } = spawnSync(join(binFolder()!, program), args, {
    ...serverOwner(),
    cwd: tmpdir(),
    env: { PATH: process.env.PATH, LC_ALL: 'C' },
    stdio: 'ignore',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${status}`);
}
