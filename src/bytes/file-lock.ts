import { rmSync, statSync } from 'node:fs';
import type { DatabaseSyncInstance } from '@photostructure/sqlite';

/** Primary result code of SQLite for a file that somebody else has locked (https://sqlite.org/rescode.html). */
const BUSY = 5;

/**
 * A lock that one process of the machine holds at a time, and that the system takes back from a process that dies. Node.js has no
 * file locks of its own; those of SQLite work on every platform, and an empty database stays an empty file.
 */
export class FileLock {
  readonly #path: string;
  readonly #connection: DatabaseSyncInstance;

  private constructor(path: string, connection: DatabaseSyncInstance) {
    this.#path = path;
    this.#connection = connection;
  }

  /**
   * Takes the lock, without waiting: undefined when somebody else has it.
   * @throws the error of the driver when the file cannot be made or locked
   */
  static async acquire(path: string): Promise<FileLock | undefined> {
    const { DatabaseSync } = await import('@photostructure/sqlite');
    for (;;) {
      const connection = new DatabaseSync(path, { timeout: 0 });
      const before = identityOf(path);
      try {
        connection.exec('pragma journal_mode = memory'); // no second file
        connection.exec('begin exclusive');
      } catch (error) {
        connection.close();
        if (isBusy(error)) return undefined;
        throw error;
      }
      // The holder before may have removed the file after it was opened here: such a lock would keep nobody out.
      if (before !== undefined && before === identityOf(path)) return new FileLock(path, connection);
      connection.close();
    }
  }

  /** Gives the lock back and removes its file. */
  release(): void {
    rmSync(this.#path, { force: true });
    this.#connection.close();
  }
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

function isBusy(error: unknown): boolean {
  const { sqliteCode, errcode } = error as { sqliteCode?: number; errcode?: number };
  return ((sqliteCode ?? errcode ?? 0) & 0xff) === BUSY;
}
