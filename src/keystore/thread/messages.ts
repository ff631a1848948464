import type { SentError } from '../../threads/sent-error.js';
import type { KekOptions } from '../kek.js';
import type { SharedKeyStore } from '../key-store.js';
import type { AuditBacklog } from '../read-audit.js';

/** What of a key store can be asked for on its thread. */
export type StoreCall = Exclude<keyof SharedKeyStore, 'location' | 'rewrap' | 'pruneAudit' | 'close'>;

/** When lines of keys that leave are written: before they leave, or together, a moment later. */
export type ReadAuditMode = 'always' | 'batched';

/** The store of a thread. */
export interface ThreadedStoreOptions extends KekOptions {
  /** Absolute path of the database file. */
  readonly path: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly auditReads: ReadAuditMode;
}

/** One call of the store. */
export interface SentCall {
  readonly call: number;
  readonly method: StoreCall;
  /** Who calls is the first of them. */
  readonly args: unknown;
  /** When nobody waits for the answer any more, in milliseconds since the epoch. */
  readonly expiresMs: number;
}

/** What the thread is sent: `open` first, and once. Calls come together, for each message costs more than a call of it. */
export type ToStore =
  | { readonly kind: 'open'; readonly options: ThreadedStoreOptions }
  | { readonly kind: 'calls'; readonly calls: unknown }
  | { readonly kind: 'close'; readonly call: number };

/** What became of a call: its value, or why there is none. */
export type SentAnswer =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly error: SentError };

/** What it sends back. */
export type FromStore =
  | { readonly kind: 'answers'; readonly answers: unknown }
  | ({ readonly kind: 'backlog'; readonly problem?: SentError } & Omit<AuditBacklog, 'problem'>);
