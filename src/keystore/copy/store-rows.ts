import type { AuditRow, KeyRow, OutputRow, PolicyRow } from '../rows.js';

/** All that a store holds of a key, as plain values. The key stays wrapped. */
export interface CopiedKey extends Omit<KeyRow, 'wrapped_key'> {
  /** Hexadecimal digits. */
  readonly wrapped_key: string | null;
  /** Whether it is the living key of its content, label, algorithm and period that packagers get. */
  readonly holds_content: boolean;
  /** In the order of their fingerprints. */
  readonly outputs: readonly (OutputRow & { readonly published_at: string })[];
  /** In the order of their versions. */
  readonly policies: readonly (PolicyRow & { readonly at: string; readonly actor: string })[];
}

/** What a store says and keeps of key-encryption keys (KEKs). */
export interface CopiedKeks {
  readonly inForce: string | null;
  /** In the order of their ids. */
  readonly wrapped: readonly { readonly id: string; readonly wrapped: string; readonly created_at: string }[];
}

/** Rows of one transaction. */
export interface RowBatch {
  readonly keks?: CopiedKeks;
  /** Keys that are there already become as these: their states, wrapped keys, published files and policies. */
  readonly keys?: readonly CopiedKey[];
  /** Entries whose ids are there already stay as they are. */
  readonly audit?: readonly AuditRow[];
}

/**
 * The rows of a key store, for moving them to another one as they are: past the rules of a key's life, which the other store has held
 * them to. Every method throws PrpackError KEY_STORE_FAILED when the store cannot be reached, read or written.
 */
export interface StoreRows {
  /** Where the store is, for reports; without credentials. */
  readonly location: string;

  /** Whether there is a store. The methods that read find nothing where there is none. */
  isThere(): Promise<boolean>;

  countKeys(): Promise<number>;

  keks(): Promise<CopiedKeks>;

  /** In the order in which keys were added. @param cursor `next` of the part before */
  keys(
    cursor: string | undefined,
    limit: number,
  ): Promise<{ readonly keys: readonly CopiedKey[]; readonly next?: string }>;

  /** In any order. KIDs that are not there are left out. */
  keysOf(kids: readonly string[]): Promise<readonly CopiedKey[]>;

  /** Entries with larger ids, in their order. */
  auditAfter(id: number, limit: number): Promise<readonly AuditRow[]>;

  /** The largest id of an entry; 0 without any. */
  lastAuditId(): Promise<number>;

  /** Writes rows, all or nothing, on the disk when this returns. The store is made when it is not there. */
  write(batch: RowBatch): Promise<void>;

  close(): Promise<void>;
}
