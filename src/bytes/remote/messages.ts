import { type ErrorCode, type ErrorDetails, PrpackError } from '../../errors.js';
import type { RemoteLocation } from './location.js';
import type { RequestLimits } from './request-limits.js';

/** What the fetching thread is started with. */
export interface FetcherData {
  readonly location: RemoteLocation;
  readonly limits: RequestLimits;
  /** Memory for blocks, which both threads see. */
  readonly memory: SharedArrayBuffer;
  readonly blockBytes: number;
  /** Two 32-bit numbers: see ANSWERED and HEARTBEAT. */
  readonly control: SharedArrayBuffer;
  /** Where questions come from and answers go to. */
  readonly port: import('node:worker_threads').MessagePort;
}

/** Index into `control`: how many questions were answered. The reader sleeps on it. */
export const ANSWERED = 0;
/** Index into `control`: counts up while the fetching thread lives. */
export const HEARTBEAT = 1;
export const HEARTBEAT_MS = 500;

/** The answer to a block number. */
export type Answer = { readonly slot: number } | { readonly error: PackedError };

/** The first message of the fetching thread. */
export type Opened =
  | {
      readonly sizeBytes: number;
      /** Of the file that blocks are kept in; absent where they are kept in memory. */
      readonly fd?: number | undefined;
    }
  | { readonly error: PackedError };

/** An error as plain data. */
export interface PackedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

export function packError(error: unknown): PackedError {
  if (error instanceof PrpackError)
    return { code: error.code, message: error.message, details: error.details };
  const remedy = 'This is a defect of prpack; download the file and give its path meanwhile.';
  return { code: 'INTERNAL', message: `fetching failed: ${(error as Error).message}`, details: { remedy } };
}

export function unpackError({ code, message, details }: PackedError): PrpackError {
  return new PrpackError(code, message, details);
}
