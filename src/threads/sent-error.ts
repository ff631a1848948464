import { type ErrorCode, type ErrorDetails, PrpackError } from '../errors.js';

/** An error as plain data. */
export interface SentError {
  /** Absent on errors that are none of ours. */
  readonly code?: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
  readonly stack: string | undefined;
  readonly cause: SentError | undefined;
}

/** Structured clones of errors lose the class and all fields that matter. */
export function packError(error: unknown): SentError {
  const { message, stack, cause } = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof PrpackError ? { code: error.code, details: error.details } : { details: {} };
  return { ...known, message, stack, cause: cause === undefined ? undefined : packError(cause) };
}

export function unpackError({ code, message, details, stack, cause: sentCause }: SentError): Error {
  const cause = sentCause && unpackError(sentCause);
  const error = code ? new PrpackError(code, message, details, cause) : new Error(message, { cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
