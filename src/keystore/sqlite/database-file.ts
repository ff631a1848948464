import { stat } from 'node:fs/promises';
import { Database } from './database.js';
import { storeFailure } from './failure.js';
import type { Schema } from './migrations.js';

/** A database that is opened when it is first used, and made when something is first to be kept in it. */
export class DatabaseFile {
  readonly path: string;
  readonly #schema: Schema;
  #database: Promise<Database> | undefined;

  constructor(path: string, schema: Schema) {
    this.path = path;
    this.#schema = schema;
  }

  /** @throws PrpackError KEY_STORE_FAILED */
  open(): Promise<Database> {
    this.#database ??= Database.open(this.path, this.#schema).catch((error) => {
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
    return this.#database || (await isThere(this.path)) ? this.open() : undefined;
  }

  /**
   * Work on the open database.
   * @throws PrpackError KEY_STORE_FAILED for errors of the driver
   */
  attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeFailure(this.path, error);
    }
  }

  async close(): Promise<void> {
    const database = await this.#database?.catch(() => undefined);
    this.#database = undefined;
    database?.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw storeFailure(path, error);
  }
}
