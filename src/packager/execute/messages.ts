import type { OpenFile } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import type { SentError } from '../../threads/sent-error.js';
import type { TrackTask } from './sample-processor.js';
import type { Stretch } from './stretch.js';

/** What a writing thread is told: once `start`, then stretches, until it is stopped. */
export type ToWriter =
  | {
      readonly kind: 'start';
      readonly tasks: readonly TrackTask[];
      readonly input: OpenFile;
      readonly output: OutputHandle;
    }
  | {
      readonly kind: 'stretch';
      readonly stretch: Stretch;
      /** Handed over for the bytes of the stretch. */
      readonly memory: ArrayBuffer;
    };

/** What a writing thread answers: `written` once a stretch, in the order they came, with its bytes. */
export type FromWriter =
  | { readonly kind: 'written'; readonly startBytes: number; readonly memory: ArrayBuffer }
  | { readonly kind: 'failed'; readonly error: SentError };
