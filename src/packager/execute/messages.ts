import type { OpenFile } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import { type ErrorCode, type ErrorDetails, PrpackError } from '../../errors.js';
import type { Chunk } from './chunk.js';
import type { TrackTask } from './sample-processor.js';

/** What a writing thread is told: once `start`, then chunks, until it is stopped. */
export type ToWriter =
  | {
      readonly kind: 'start';
      /** The tasks of each step that samples go through, in order. */
      readonly steps: readonly (readonly TrackTask[])[];
      readonly input: OpenFile;
      readonly output: OutputHandle;
    }
  | {
      readonly kind: 'chunk';
      readonly chunk: Chunk;
      /** Handed over for the bytes of the chunk. */
      readonly memory: ArrayBuffer;
    };

/** What a writing thread answers: `written` once a chunk, in the order they came, with its bytes. */
export type FromWriter =
  | { readonly kind: 'written'; readonly startBytes: number; readonly memory: ArrayBuffer }
  | { readonly kind: 'failed'; readonly error: SentError };

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
