import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseSyncInstance, StatementSyncInstance } from '@photostructure/sqlite';
import { nowMs } from '../../bytes/clock.js';
import { PrpackError } from '../../errors.js';
import { makePrivateDirectory, syncDirectory } from '../../keys/file.js';
import { isBusy, storeFailure } from './failure.js';
import type { Schema } from './migrations.js';

/** How long a call waits for other processes. Under many writers SQLite's lock is not fair: ten seconds are too few. */
const LOCK_WAIT_MS = 30_000;
/** How long this thread stands still for a lock; then it does other work before it tries again. */
const LOCK_TRY_MS = 20;
const LOCK_RETRY_MS = 5;
/** Pages that stay in memory, in KiB: with the 2 MB that are usual, a transaction of many registrations is written in parts, and read again. */
const CACHE_KIB = 32 * 1024;
/** Pages of the write-ahead log at which they are moved into the file. Each move waits for the disk, and the more pages there are, the more often a page is among them twice. */
const LOG_PAGES = 10_000;

/** Work that waits for its transaction. It may be run twice, the first time in vain. */
interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
  /** When it has waited long enough for other processes, as `nowMs()`. */
  readonly deadlineMs: number;
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
  readonly #lockWaitMs: number;
  readonly #statements = new Map<string, StatementSyncInstance>();
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;

  private constructor(connection: DatabaseSyncInstance, schema: Schema, lockWaitMs: number) {
    this.#connection = connection;
    this.#schema = schema;
    this.#lockWaitMs = lockWaitMs;
  }

  /**
   * @param lockWaitMs how long a call waits for other processes
   * @throws PrpackError KEY_STORE_FAILED; a file that is not a key store is left as it is
   */
  static async open(path: string, schema: Schema, lockWaitMs = LOCK_WAIT_MS): Promise<Database> {
    let connection: DatabaseSyncInstance | undefined;
    try {
      await createFile(path);
      const { DatabaseSync } = await import('@photostructure/sqlite');
      connection = new DatabaseSync(path, { timeout: LOCK_TRY_MS });
      const database = new Database(connection, schema, lockWaitMs);
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

  /** Runs statements that give no rows. */
  execute(sql: string): void {
    this.#connection.exec(sql);
  }

  /** Writes a page as it is, to see whether that is possible. To be called in a transaction. */
  touch(): void {
    this.#connection.exec(`pragma user_version = ${this.#schema.migrations.length}`);
  }

  /**
   * Does `work`, again and again while other processes have locked the database, and lets this thread do other things in between.
   * @throws the error of the driver
   */
  async patiently<T>(work: () => T): Promise<T> {
    const deadlineMs = nowMs() + this.#lockWaitMs;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error) || nowMs() > deadlineMs) throw error;
      }
      await sleep(LOCK_RETRY_MS);
    }
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
    const deadlineMs = nowMs() + this.#lockWaitMs;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject, deadlineMs });
      this.#committing ??= this.#commitAll();
    });
  }

  /**
   * Moves the write-ahead log into the database file first, as far as other processes let it, so that a copy of the file
   * alone is a backup: the driver cannot finalize statements, and SQLite therefore does not do it by itself.
   */
  async close(): Promise<void> {
    await this.#committing;
    try {
      this.#connection.exec('pragma wal_checkpoint(passive)');
    } catch {
      // What has been committed is safe in the log.
    }
    this.#connection.close();
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const keptOut = this.#commitGroup(this.#waiting.splice(0));
      if (keptOut.length > 0) await sleep(LOCK_RETRY_MS);
      this.#waiting.unshift(...keptOut);
    }
    this.#committing = undefined;
  }

  /** Returns those that another process kept out, and that can still wait. */
  #commitGroup(group: readonly Waiting[]): readonly Waiting[] {
    try {
      const results = this.transaction(() => group.map(({ work }) => work()));
      for (const [i, { resolve }] of group.entries()) resolve(results[i] as never);
      return [];
    } catch (error) {
      if (isBusy(error)) return patientOf(group, error);
      if (group.length > 1) return group.flatMap((alone) => this.#commitGroup([alone]));
      group[0]!.reject(error);
      return [];
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
    await this.patiently(() => this.#assertNoOthers(path));
    // Switching needs the file alone. The mode stays with the file.
    await this.patiently(() => this.#connection.exec('pragma journal_mode = wal'));
    this.#connection.exec(
      `pragma synchronous = full; pragma cache_size = -${CACHE_KIB}; pragma wal_autocheckpoint = ${LOG_PAGES}`,
    );
    await this.patiently(() => {
      if (this.#isOlder()) this.transaction(() => this.#migrate());
    });
    this.#assertNoNewer(path);
  }

  #isOlder(): boolean {
    return this.#pragma('user_version') < this.#schema.migrations.length;
  }

  /** Inside a transaction, for another process may have migrated in the meantime. */
  #migrate(): void {
    const { applicationId, migrations } = this.#schema;
    for (const step of migrations.slice(this.#pragma('user_version'))) this.#connection.exec(step);
    this.#connection.exec(`pragma application_id = ${applicationId}`);
    this.#connection.exec(`pragma user_version = ${migrations.length}`);
  }

  #assertNoOthers(path: string): void {
    // In this order: another process may fill the file and set its id, both in one transaction, between the two.
    const isEmpty = this.get<{ n: number }>('select count(*) as n from sqlite_schema')!.n === 0;
    if (isEmpty || this.#pragma('application_id') === this.#schema.applicationId) return;
    throw new PrpackError('KEY_STORE_FAILED', `this is the database of another program: ${path}`, {
      path,
      remedy: 'Name another file for the key store: this one has been left as it is.',
    });
  }

  #assertNoNewer(path: string): void {
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

/** Those of the group that can still wait; the others are rejected. */
function patientOf(group: readonly Waiting[], error: unknown): readonly Waiting[] {
  const now = nowMs();
  for (const { deadlineMs, reject } of group) if (deadlineMs <= now) reject(error);
  return group.filter(({ deadlineMs }) => deadlineMs > now);
}

/** Makes the directory and an empty file, both for this user only, unless they are there. */
async function createFile(path: string): Promise<void> {
  await makePrivateDirectory(dirname(path));
  try {
    closeSync(openSync(path, 'wx', 0o600));
    await syncDirectory(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
