import { ContentKey } from '../../keys/content-key.js';
import type { SentError } from '../execute/messages.js';
import type { Progress } from '../types.js';
import type { Outcome, Task } from './perform.js';

/** What of a job's keys a thread can ask the main thread for. */
export type KeyCall = 'assign' | 'register' | 'markActive' | 'findByContentId';

/** What a thread of jobs is told. */
export type ToLane =
  | { readonly kind: 'task'; readonly task: Task; readonly location: string; readonly hasSource: boolean }
  | { readonly kind: 'abort' }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: SentError };

/** What it tells. */
export type FromLane =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'call'; readonly call: number; readonly method: KeyCall; readonly args: unknown }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'failed'; readonly error: SentError };

/** A content key as it travels between threads of the process: in shared memory, of which no message makes a copy. */
interface SentKey {
  readonly contentKey: Uint8Array;
}

/** Plain data for another thread: keys are opened, for a structured clone of a closed one is empty. */
export function packKeys(value: unknown): unknown {
  if (value instanceof ContentKey) return sendKey(value);
  return mapPlain(value, packKeys);
}

/** The same value again; the opened keys are wiped, on both sides at once. */
export function unpackKeys(value: unknown): unknown {
  if (isSentKey(value)) {
    const key = ContentKey.fromBytes(value.contentKey);
    value.contentKey.fill(0);
    return key;
  }
  return mapPlain(value, unpackKeys);
}

/** Not handed over as an array buffer: V8 slows down all typed arrays of a thread once one of them was detached. */
function sendKey(key: ContentKey): SentKey {
  const revealed = key.revealBytes();
  const contentKey = new Uint8Array(new SharedArrayBuffer(revealed.length));
  contentKey.set(revealed);
  revealed.fill(0);
  return { contentKey };
}

function isSentKey(value: unknown): value is SentKey {
  return typeof value === 'object' && value !== null && 'contentKey' in value;
}

function mapPlain(value: unknown, map: (inner: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map(map);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, map(inner)]));
}
