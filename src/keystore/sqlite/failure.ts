import { PrpackError } from '../../errors.js';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html) that a user can do something about. */
const BUSY = 5;
const REMEDIES: ReadonlyMap<number, readonly [problem: string, remedy: string]> = new Map([
  [
    BUSY,
    ['is locked by another process', 'Wait until the other work on this key store is done, then try again.'],
  ],
  [8, ['is read-only', 'Let this user write to the key store file and its directory, or name another one.']],
  [10, ['failed to read or write', 'Check the disk that holds the key store, then try again.']],
  [11, ['is corrupt', 'Restore the key store from a backup; the damaged file has been left as it is.']],
  [13, ['has no room left', 'Free some space on the disk that holds the key store, then try again.']],
  [14, ['cannot be opened', 'Check that this user may read and write the key store file and its directory.']],
  [26, ['is not an SQLite database', 'Name another file: this one has been left as it is.']],
]);

/** What the driver adds to its errors. */
interface SqliteError {
  readonly sqliteCode?: number;
  readonly errcode?: number;
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** A KEY_STORE_FAILED for an error of the driver or the file system; an error of our own passes through. */
export function storeFailure(path: string, cause: unknown): PrpackError {
  if (cause instanceof PrpackError) return cause;
  const known = REMEDIES.get(primaryCode(cause) ?? 0);
  const [problem, remedy] = known ?? [
    'failed',
    'Check the key store file and its directory, then try again.',
  ];
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PrpackError(
    'KEY_STORE_FAILED',
    `the key store ${problem}: ${path} (${detail})`,
    { path, remedy },
    cause,
  );
}

/** The lower eight bits of an extended result code. */
function primaryCode(error: unknown): number | undefined {
  const { sqliteCode, errcode } = (error ?? {}) as SqliteError;
  const code = sqliteCode ?? errcode;
  return code === undefined ? undefined : code & 0xff;
}
