import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { PrpackError } from '../../errors.js';
import { makePrivateDirectory, syncDirectory } from '../../keys/file.js';
import { isBusy, storeFailure } from './failure.js';
import type { Schema } from './migrations.js';

/** How long a call waits for other processes. Under many writers SQLite's lock is not fair: ten seconds are too few. */
const BUSY_TIMEOUT_MS = 30_000;
const BUSY_RETRY_MS = 20;

/** Work that waits for its transaction. It may be run twice, the first time in vain. */
interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** A value that SQLite stores. */
export type SqlValue = string | number | Uint8Array | null;

/**
 * One connection to a database of the key store: created on first use, migrated to the newest schema, in write-ahead mode with a
 * flush at every commit (https://sqlite.org/pragma.html#pragma_synchronous). Statements are prepared once.
 */
export class Database {
  readonly #connection: DatabaseSyncInstance;
  readonly #schema: Schema;
  readonly #statements = new Map<string, StatementSyncInstance>();
  #waiting: Waiting[] = [];

  private constructor(connection: DatabaseSyncInstance, schema: Schema) {
    this.#connection = connection;
    this.#schema = schema;
  }

  /** @throws PrpackError KEY_STORE_FAILED; a file that is not a key store is left as it is */
  static async open(path: string, schema: Schema): Promise<Database> {
    let connection: DatabaseSyncInstance | undefined;
    try {
      await createFile(path);
      const { DatabaseSync } = await import('@photostructure/sqlite');
      connection = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      const database = new Database(connection, schema);
      await database.#prepare(path);
      return database;
    } catch (error) {
      connection?.close();
      throw storeFailure(path, error);
    }
  }

  /** Every row of a query. */
  all<Row>(sql: string, ...values: readonly SqlValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** The first row of a query. */
  get<Row>(sql: string, ...values: readonly SqlValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  run(sql: string, ...values: readonly SqlValue[]): void {
    this.#statement(sql).run(...values);
  }

  /** Runs `work` as the only writer, all or nothing; what it did is on the disk when this returns. */
  transaction<T>(work: () => T): T {
    this.#connection.exec('begin immediate');
    try {
      const result = work();
      this.#connection.exec('commit');
      return result;
    } catch (error) {
      // Some failures, a full disk among them, have rolled back already.
      if (this.#connection.isTransaction) this.#connection.exec('rollback');
      throw error;
    }
  }

  /**
   * As `transaction`, but what several callers want at the same moment shares one transaction, and so one flush. Each of them is
   * answered when its work is on the disk, and work that fails takes nothing of the others with it.
   */
  commit<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#commitGroup(this.#waiting.splice(0)));
    });
  }

  /**
   * Moves the write-ahead log into the database file first, as far as other processes let it, so that a copy of the file
   * alone is a backup: the driver cannot finalize statements, and SQLite therefore does not do it by itself.
   */
  close(): void {
    try {
      this.#connection.exec('pragma wal_checkpoint(passive)');
    } catch {
      // What has been committed is safe in the log.
    }
    this.#connection.close();
  }

  #commitGroup(group: readonly Waiting[]): void {
    try {
      const results = this.transaction(() => group.map(({ work }) => work()));
      for (const [i, { resolve }] of group.entries()) resolve(results[i] as never);
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error);
      else for (const alone of group) this.#commitGroup([alone]);
    }
  }

  #statement(sql: string): StatementSyncInstance {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  async #prepare(path: string): Promise<void> {
    this.#refuseOthers(path);
    await this.#useWriteAheadLog();
    this.#connection.exec('pragma synchronous = full');
    if (this.#pragma('user_version') < this.#schema.migrations.length)
      this.transaction(() => this.#migrate());
    this.#refuseNewer(path);
  }

  /** Switching needs the file alone, and SQLite does not wait for that by itself. The mode stays with the file. */
  async #useWriteAheadLog(): Promise<void> {
    const deadline = Date.now() + BUSY_TIMEOUT_MS;
    for (;;) {
      try {
        this.#connection.exec('pragma journal_mode = wal');
        return;
      } catch (error) {
        if (!isBusy(error) || Date.now() > deadline) throw error;
        await sleep(BUSY_RETRY_MS);
      }
    }
  }

  /** Inside a transaction, for another process may have migrated in the meantime. */
  #migrate(): void {
    const { applicationId, migrations } = this.#schema;
    for (const step of migrations.slice(this.#pragma('user_version'))) this.#connection.exec(step);
    this.#connection.exec(`pragma application_id = ${applicationId}`);
    this.#connection.exec(`pragma user_version = ${migrations.length}`);
  }

  #refuseOthers(path: string): void {
    // In this order: another process may fill the file and set its id, both in one transaction, between the two.
    const isEmpty = this.get<{ n: number }>('select count(*) as n from sqlite_schema')!.n === 0;
    if (isEmpty || this.#pragma('application_id') === this.#schema.applicationId) return;
    throw new PrpackError('KEY_STORE_FAILED', `this is the database of another program: ${path}`, {
      path,
      remedy: 'Name another file for the key store: this one has been left as it is.',
    });
  }

  #refuseNewer(path: string): void {
    const version = this.#pragma('user_version');
    const { length } = this.#schema.migrations;
    if (version === length) return;
    throw new PrpackError(
      'KEY_STORE_FAILED',
      `the key store was made by a newer version of prpack: ${path}`,
      {
        path,
        expected: length,
        received: version,
        remedy: 'Use that version, or a newer one.',
      },
    );
  }

  #pragma(name: string): number {
    const row = this.#connection.prepare(`pragma ${name}`).get() as Record<string, number>;
    return row[name]!;
  }
}

/** Makes the directory and an empty file, both for this user only, unless they are there. */
async function createFile(path: string): Promise<void> {
  await makePrivateDirectory(dirname(path));
  try {
    await (await open(path, 'wx', 0o600)).close();
    await syncDirectory(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
