import type { OpenFile } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import type { SentError } from '../../threads/sent-error.js';
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
