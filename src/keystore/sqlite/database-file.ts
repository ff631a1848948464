import { statSync } from 'node:fs';
import { Database } from './database.js';
import { storeFailure } from './failure.js';
import type { Schema } from './migrations.js';

/** A database that is opened when it is first used, and made when something is first to be kept in it. */
export class DatabaseFile {
  readonly path: string;
  readonly #schema: Schema;
  readonly #lockWaitMs: number | undefined;
  #database: Promise<Database> | undefined;

  /** @param lockWaitMs how long a call waits for other processes, when not as long as is usual */
  constructor(path: string, schema: Schema, lockWaitMs?: number) {
    this.path = path;
    this.#schema = schema;
    this.#lockWaitMs = lockWaitMs;
  }

  /** @throws PrpackError KEY_STORE_FAILED */
  open(): Promise<Database> {
    this.#database ??= Database.open(this.path, this.#schema, this.#lockWaitMs).catch((error) => {
      this.#database = undefined; // what stood in the way may be gone at the next call
      throw error;
    });
    return this.#database;
  }

  /**
   * For questions, which do not make a file.
   * @throws PrpackError KEY_STORE_FAILED
   */
  async openIfThere(): Promise<Database | undefined> {
    return this.#database || isThere(this.path) ? this.open() : undefined;
  }

  /**
   * Work on the database, which waits for other processes. It may be run twice, the first time in vain.
   * @throws PrpackError KEY_STORE_FAILED for errors of the driver
   */
  async attempt<T>(work: (database: Database) => T): Promise<T> {
    const database = await this.open();
    return this.#translating(database.patiently(() => work(database)));
  }

  /**
   * Work in a transaction, which may be shared (`Database.commit`).
   * @throws PrpackError KEY_STORE_FAILED for errors of the driver
   */
  async commit<T>(work: (database: Database) => T): Promise<T> {
    const database = await this.open();
    return this.#translating(database.commit(() => work(database)));
  }

  async close(): Promise<void> {
    const database = await this.#database?.catch(() => undefined);
    this.#database = undefined;
    await database?.close();
  }

  async #translating<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw storeFailure(this.path, error);
    }
  }
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw storeFailure(path, error);
  }
}
