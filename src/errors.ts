/**
 * Everything that can go wrong, by name. The family of a code decides the exit code of the command line
 * (see `exitCodeOf` and docs/exit-codes.md); the code itself is what programs branch on.
 */
export type ErrorCode =
  // 2: usage
  | 'INVALID_ARGUMENT'
  // 3: bad input
  | 'INPUT_NOT_FOUND'
  | 'INPUT_UNREADABLE'
  | 'NOT_MP4'
  | 'MALFORMED_INPUT'
  | 'TRUNCATED_INPUT'
  | 'NOTHING_TO_ENCRYPT'
  | 'ALREADY_ENCRYPTED'
  | 'NOT_ENCRYPTED'
  // 4: unsupported
  | 'UNSUPPORTED_CODEC'
  | 'UNSUPPORTED_FEATURE'
  | 'UNSUPPORTED_SCHEME'
  // 5: keys or key store
  | 'KEY_REQUIRED'
  | 'KEY_INVALID'
  | 'KEY_CONFLICT'
  | 'KEY_SOURCE_FAILED'
  | 'KEY_STORE_FAILED'
  // 6: output
  | 'OUTPUT_EXISTS'
  | 'OUTPUT_FAILED'
  | 'OUTPUT_CHECK_FAILED'
  // 7: the queue of jobs
  | 'QUEUE_FAILED'
  // 130: interrupted
  | 'ABORTED'
  // 70: a defect of prpack
  | 'INTERNAL';

const EXIT_CODES: Record<ErrorCode, number> = {
  INVALID_ARGUMENT: 2,
  INPUT_NOT_FOUND: 3,
  INPUT_UNREADABLE: 3,
  NOT_MP4: 3,
  MALFORMED_INPUT: 3,
  TRUNCATED_INPUT: 3,
  NOTHING_TO_ENCRYPT: 3,
  ALREADY_ENCRYPTED: 3,
  NOT_ENCRYPTED: 3,
  UNSUPPORTED_CODEC: 4,
  UNSUPPORTED_FEATURE: 4,
  UNSUPPORTED_SCHEME: 4,
  KEY_REQUIRED: 5,
  KEY_INVALID: 5,
  KEY_CONFLICT: 5,
  KEY_SOURCE_FAILED: 5,
  KEY_STORE_FAILED: 5,
  OUTPUT_EXISTS: 6,
  OUTPUT_FAILED: 6,
  OUTPUT_CHECK_FAILED: 6,
  QUEUE_FAILED: 7,
  ABORTED: 130,
  INTERNAL: 70,
};

/** What an error can say beyond its message. Plain data, printed as it is by `--json`; never key material. */
export interface ErrorDetails {
  /** Where in the box tree, e.g. `moov/trak[1]/mdia/minf/stbl/stsz`. */
  readonly boxPath?: string;
  /** Absolute byte offset in the file concerned. */
  readonly offsetBytes?: number;
  readonly expected?: string | number;
  readonly received?: string | number;
  /** Standard and clause that the input breaks, e.g. `ISO/IEC 14496-12 8.7.3`. */
  readonly clause?: string;
  /** What the user can do next, as a full sentence. */
  readonly remedy?: string;
  /** The file concerned. */
  readonly path?: string;
  /** After so many seconds the same may succeed. */
  readonly retryAfterSeconds?: number;
  /** Distinguishes one kind of an error code from the others, where programs treat it differently. */
  readonly reason?: 'CONTENT_HAS_KEY';
}

/** The one error type that the library throws on purpose. */
export class PrpackError extends Error {
  override readonly name = 'PrpackError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  toJSON(): { code: ErrorCode; message: string } & ErrorDetails {
    return { code: this.code, message: this.message, ...this.details };
  }
}

/**
 * The error with the file that it is about, for work on many files; an error that names a file already, or is about none, as it is.
 */
export function aboutFile(error: unknown, path: string): unknown {
  const isAboutOne = error instanceof PrpackError && error.code !== 'ABORTED' && error.code !== 'INTERNAL';
  if (!isAboutOne || error.details.path !== undefined) return error;
  return new PrpackError(error.code, `${path}: ${error.message}`, { path, ...error.details }, error);
}

/** Exit code of the command line for an error code: 2, 3, 4, 5, 6, 7, 70 or 130. */
export function exitCodeOf(code: ErrorCode): number {
  return EXIT_CODES[code];
}

/** A `MALFORMED_INPUT` error, the most frequent kind. */
export function malformed(message: string, details: ErrorDetails = {}): PrpackError {
  return new PrpackError('MALFORMED_INPUT', message, {
    remedy: 'The file is damaged or was not written by the rules; make it again or repair it by remuxing it.',
    ...details,
  });
}
