import type { SentError } from '../../threads/sent-error.js';
import type { Progress } from '../types.js';
import type { Outcome, Task } from './perform.js';

/** What of a job's keys a thread can ask the main thread for. */
export type KeyCall = 'assign' | 'find' | 'register' | 'markActive' | 'findByContentId';

/** What a thread of jobs is sent. */
export type ToRunner =
  | {
      readonly kind: 'task';
      readonly task: Task;
      readonly location: string;
      readonly hasSource: boolean;
      readonly canRotate?: boolean | undefined;
    }
  | { readonly kind: 'abort' }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: SentError };

/** What it reports. */
export type FromRunner =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'call'; readonly call: number; readonly method: KeyCall; readonly args: unknown }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly error: SentError };
