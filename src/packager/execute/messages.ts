import type { OpenFile } from '../../bytes/source.js';
import type { SentError } from '../../threads/sent-error.js';
import type { OutputChunk } from './chunk.js';
import type { WriteTarget } from './writer.js';

/** As {@link WriteTarget}, with what another thread can read the source by. */
export interface SentTarget extends Omit<WriteTarget, 'source'> {
  readonly input: OpenFile;
}

/** What a writing thread is sent: once `start`, then chunks, until it is stopped. */
export type ToWriter =
  | {
      readonly kind: 'start';
      readonly targets: readonly SentTarget[];
    }
  | {
      readonly kind: 'chunk';
      readonly chunk: OutputChunk;
      /** Handed over for the bytes of the chunk. */
      readonly memory: ArrayBuffer;
    };

/** What a writing thread answers: `written` once a chunk, in the order they came, with its bytes. */
export type FromWriter =
  | {
      readonly kind: 'written';
      readonly output: number;
      readonly startBytes: number;
      readonly memory: ArrayBuffer;
    }
  | { readonly kind: 'failed'; readonly error: SentError };

/** What a fingerprinting thread is sent. */
export interface ToFingerprinter {
  readonly path: string;
  /** 32 hexadecimal digits. */
  readonly key: string;
}

/** What a fingerprinting thread answers, once a file that it was sent, in their order. */
export type FromFingerprinter =
  | {
      readonly kind: 'taken';
      /** 64 hexadecimal digits. */
      readonly fingerprint: string;
    }
  | { readonly kind: 'failed'; readonly error: SentError };
