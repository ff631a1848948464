import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';

type Advice = readonly [problem: string, remedy: string];

const NO_ROOM: Advice = [
  'has no room left',
  'Free some space on the disk that holds the key store, then try again.',
];
const READ_ONLY: Advice = [
  'is read-only',
  'Let this user write to the key store file and its directory, or name another one.',
];
const NO_PLACE: Advice = ['cannot be made', 'Name a file in a directory where this user may write.'];

/** Primary result codes of SQLite (https://sqlite.org/rescode.html), and codes of the system, that a user can do something about. */
const BUSY = 5;
const REMEDIES: ReadonlyMap<number | string | undefined, Advice> = new Map<number | string, Advice>([
  [
    BUSY,
    ['is locked by another process', 'Wait until the other work on this key store is done, then try again.'],
  ],
  [8, READ_ONLY],
  [
    10,
    [
      'failed to read or write',
      'Check that the disk that holds the key store works and has room, then try again.',
    ],
  ],
  [11, ['is corrupt', 'Restore the key store from a backup; the damaged file has been left as it is.']],
  [13, NO_ROOM],
  [14, ['cannot be opened', 'Check that this user may read and write the key store file and its directory.']],
  [26, ['is not an SQLite database', 'Name another file: this one has been left as it is.']],
  ['ENOSPC', NO_ROOM],
  ['EDQUOT', NO_ROOM],
  ['EROFS', READ_ONLY],
  ['EACCES', READ_ONLY],
  ['EPERM', READ_ONLY],
  ['ENOENT', NO_PLACE],
  ['ENOTDIR', NO_PLACE],
]);

/** Result codes by what SQLite calls them (`sqlite3_errstr`): errors of the driver's `all` have no code. */
const CODES_OF_TEXTS: ReadonlyMap<string, number> = new Map([
  ['database is locked', BUSY],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
]);

/** What the driver adds to its errors. */
interface SqliteError {
  readonly message?: string;
  readonly sqliteCode?: number;
  readonly errcode?: number;
}

export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** A KEY_STORE_FAILED for an error of the driver or the file system; an error of our own passes through. */
export function storeFailure(path: string, cause: unknown): PrpackError {
  if (cause instanceof PrpackError) return cause;
  const known = REMEDIES.get(primaryCode(cause) ?? (cause as NodeJS.ErrnoException).code);
  const [problem, remedy] = known ?? [
    'failed',
    'Check the key store file and its directory, then try again.',
  ];
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new PrpackError(
    'KEY_STORE_FAILED',
    `the key store ${problem}: ${path} (${detail})`,
    { path, remedy, ...(isBusy(cause) && { retryAfterSeconds: 1 }) },
    cause,
  );
}

/** The key store is wanted as it is, and is not there. */
export function noStore(path: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `there is no key store: ${path}`, {
    path,
    remedy: `Name a key store that is there with ${named('keyStore')}.`,
  });
}

/** The lower eight bits of an extended result code. */
function primaryCode(error: unknown): number | undefined {
  const { sqliteCode, errcode, message } = (error ?? {}) as SqliteError;
  const code = sqliteCode ?? errcode ?? CODES_OF_TEXTS.get(message ?? '');
  return code === undefined ? undefined : code & 0xff;
}
