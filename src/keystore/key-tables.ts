import type { KeyId } from '../keys/key-id.js';
import type {
  AuditEntry,
  AuditFilter,
  AuditOperation,
  KeyDescription,
  KeyFilter,
  KeyRecord,
  Page,
  PageRequest,
  PublishedOutput,
} from './key-store.js';

/** A key as tables keep it. */
export interface KeptKey {
  readonly record: KeyRecord;
  /** The key, wrapped under the KEK that the record names; absent where the record names a seed in its place. */
  readonly wrappedKey?: Uint8Array;
}

/** What one living key holds at a time: its content, for a label, algorithm and crypto period. */
export type Slot = Pick<KeyDescription, 'contentId' | 'label' | 'algorithm' | 'period'>;

/** A name that slots share only when they are the same. */
export function slotName({ contentId, label, algorithm, period }: Slot): string {
  return JSON.stringify([contentId, label, algorithm, period]);
}

/** What a change is decided by. */
export interface Concern {
  /** Keys that are looked at or changed. */
  readonly kids: readonly KeyId[];
  /** What new keys are to hold. */
  readonly slots?: readonly Slot[];
  /** Whether it matters which KEKs there are: then no key is added meanwhile. */
  readonly keks?: boolean;
  /** Whether it may not be tried again after an attempt of which nobody knows what came of it. */
  readonly once?: boolean;
}

/** What tables hold at the moment of a change, as far as it concerns the change. */
export interface Holdings {
  /** Id of the KEK that new keys are wrapped under; undefined before the first one. */
  kekInForce(): string | undefined;
  /** Ids of the KEKs that keys are wrapped under. */
  kekIds(): readonly string[];
  key(kid: KeyId): KeptKey | undefined;
  /** Whether a living key holds this. */
  isHeld(slot: Slot): boolean;
}

/** A key that is added, as `pending`. It holds its slot if no other does. */
export interface NewKey extends KeyDescription {
  readonly checksum: string;
  readonly kekId?: string;
  readonly wrappedKey?: Uint8Array;
}

/** What is noted in the audit besides time and actor. */
export interface AuditNote {
  readonly operation: AuditOperation;
  readonly kid?: KeyId;
  readonly contentId?: string;
  readonly checksum?: string;
  readonly outcome: AuditEntry['outcome'];
}

/** A line of the audit, as it is when what it notes happens. */
export interface AuditLine extends AuditNote {
  /** RFC 3339 UTC, with milliseconds. */
  readonly at: string;
  readonly actor: string;
}

/** One thing that is written. A slot of a key that is revoked goes to the living key that was added first. */
export type Change =
  | { readonly kind: 'add'; readonly key: NewKey }
  | { readonly kind: 'state'; readonly kid: KeyId; readonly state: 'active' | 'revoked' }
  | { readonly kind: 'output'; readonly kid: KeyId; readonly output: PublishedOutput }
  /** `policy` as JSON. */
  | { readonly kind: 'policy'; readonly kid: KeyId; readonly version: number; readonly policy: string }
  | { readonly kind: 'wrap'; readonly kid: KeyId; readonly wrappedKey: Uint8Array; readonly kekId: string }
  /** The KEK that is in force from now on; `wrapped` is what a KEK command made of it, which is kept for good. */
  | { readonly kind: 'kek'; readonly id: string; readonly wrapped?: string }
  | { readonly kind: 'note'; readonly note: AuditNote };

/** What comes of holdings. */
export interface Decision<T> {
  /** In the order in which they are written. */
  readonly changes: readonly Change[];
  /** What the caller is told when they are written. `at` is the time of the change by the clock of the tables, RFC 3339 UTC. */
  readonly answer: (at: string) => T;
}

/**
 * The tables of a key store: what is the business of a database, and nothing of the rules of a key's life, which `TableKeyStore` has.
 * What a call has acknowledged survives the death of the process and of the machine. Questions do not make the tables, and find
 * nothing where there are none. Every method throws PrpackError KEY_STORE_FAILED when the tables cannot be reached, read or written.
 */
export interface KeyTables {
  /** Where the tables are, for reports; without credentials. */
  readonly location: string;

  /**
   * Writes what `decide` makes of what the tables hold, all or nothing; what concerns it does not change in between. It may be called
   * several times, and only what it said last counts. It asks for nothing but what is in `concern`.
   */
  change<T>(actor: string, concern: Concern, decide: (held: Holdings) => Decision<T>): Promise<T>;

  /**
   * Id of the KEK that new keys are wrapped under; undefined before the first one.
   * @param isFresh whether it must be the one of this moment, and not the one that was seen last
   */
  kekInForce(isFresh: boolean): Promise<string | undefined>;

  /**
   * Ids of the KEKs that keys are wrapped under, and of the one in force.
   * @throws PrpackError KEY_STORE_FAILED when there is no key store
   */
  kekIds(): Promise<readonly string[]>;

  /** A KEK as a KEK command has wrapped it; undefined where it is kept elsewhere. */
  wrappedKek(id: string): Promise<string | undefined>;

  key(kid: KeyId): Promise<KeptKey | undefined>;

  /** Those that hold their slots first, then in the order in which they were added. */
  keysOfContent(filter: KeyFilter): Promise<readonly KeptKey[]>;

  /** Up to `limit` keys that are wrapped under this KEK. */
  keysUnder(kekId: string, limit: number): Promise<readonly KeptKey[]>;

  /** In the order in which they were added. */
  list(filter: KeyFilter, page: PageRequest): Promise<Page<KeyRecord>>;

  audit(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>>;

  /** Adds lines to the audit. */
  note(lines: readonly AuditLine[]): Promise<void>;

  /**
   * The oldest entries of the audit, up to the first one that is not older than `before`. Lines may come a moment late, so that a few
   * that are older may stand behind it.
   * @param before RFC 3339 UTC, with milliseconds
   * @throws PrpackError KEY_STORE_FAILED when there is no key store
   */
  auditBefore(before: string, limit: number): Promise<readonly AuditEntry[]>;

  /** Removes these entries of the audit, as `auditBefore` gave them, and notes that. */
  removeAudit(actor: string, entries: readonly AuditEntry[]): Promise<void>;

  /** Finds out whether the tables can be read and written at the moment. They are made. */
  probe(): Promise<void>;

  /** Lets go of files and connections. */
  close(): Promise<void>;
}
