import type { KeyAlgorithm } from '../keys/algorithm.js';
import type { ContentKey } from '../keys/content-key.js';
import type { KeyId } from '../keys/key-id.js';
import type { KeyEncryptionKey } from './key-wrap.js';

export type { KeyAlgorithm } from '../keys/algorithm.js';

/**
 * Where a key is in its life. `pending`: registered, no published file needs it yet. `active`: a published file needs it.
 * `revoked`: no license is to be issued for it any more. States only move forward, and keys are never deleted.
 */
export type KeyState = 'pending' | 'active' | 'revoked';

/** What a license server is to allow, as stores keep it: any JSON object. */
export type Policy = Readonly<Record<string, unknown>>;

/** What is said of a key at its registration; afterwards none of it changes but the policy, by `replacePolicy`. */
export interface KeyDescription {
  readonly kid: KeyId;
  readonly algorithm: KeyAlgorithm;
  /** The content that the key protects, in the words of its owner. */
  readonly contentId: string;
  /** Which tracks of the content the key is for, such as `audio` or `HD`; absent when it is for all. */
  readonly label?: string;
  /** Index of the crypto period that the key is for, an integer from 0; absent when it is for all of the content. */
  readonly period?: number;
  /** Where the key comes from, such as `random` or `seed`. */
  readonly source: string;
  /** Which key seed the key is derived from; then the store does not hold the key itself. */
  readonly seedId?: string;
  /** License acquisition URL that was written into the media. */
  readonly laUrl?: string;
  /** What the license server is to allow. */
  readonly policy?: Policy;
}

/** A key that asks to be remembered. */
export interface KeyRegistration extends KeyDescription {
  readonly key: ContentKey;
  /**
   * The key is a new random one, made because the content had none of this label, algorithm and period: where another has been registered meanwhile, this
   * one is refused with `ContentHasKey`, and nothing is registered.
   */
  readonly givesWay?: boolean;
  /**
   * The key is refused with KEY_CONFLICT where its content has another living key of this label, algorithm and period,
   * for a caller that registers it may not add to keys of others. Keys of one call may stand next to each other.
   */
  readonly onlyKey?: boolean;
}

/** A file that was published with a key. */
export interface PublishedOutput {
  /**
   * What distinguishes the published file from others: 64 hexadecimal digits, lower case. `prpack` registers key and tag of a GMAC, and
   * registered the SHA-256 before.
   */
  readonly fingerprint: string;
  /** What the file was made from, as a text that is equal on a rerun with the same input and options. */
  readonly madeFrom?: string;
}

/** What the store knows of a key, without the key. */
export interface KeyRecord extends KeyDescription {
  readonly state: KeyState;
  /** Of a policy that took the place of another: 2 for the first. Absent for the policy of the registration, which is version 1. */
  readonly policyVersion?: number;
  /** PlayReady checksum, base64 of 8 bytes: the first half of AES-ECB(key, KID in GUID order). Kept for AESCBC keys, too. */
  readonly checksum: string;
  /** Id of the key-encryption key that the key is wrapped under; absent when only the seed id is stored. */
  readonly kekId?: string;
  readonly outputs: readonly PublishedOutput[];
  /** RFC 3339 UTC, with milliseconds. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A record with its key, which is absent when it has to be derived from the seed named by the record. */
export interface StoredKey {
  readonly record: KeyRecord;
  readonly key?: ContentKey;
}

/** The answer to one registration. */
export interface RegisteredKey {
  /** `unchanged`: the same key was there already; its record stays as it was, whatever else the registration said. */
  readonly outcome: 'created' | 'unchanged';
  readonly record: KeyRecord;
}

/** Fields that a record must equal; all of them. */
export interface KeyFilter {
  readonly kid?: KeyId;
  readonly contentId?: string;
  readonly label?: string;
  readonly state?: KeyState;
  readonly algorithm?: KeyAlgorithm;
  readonly period?: number;
}

/** Which keys of a content are wanted. */
export type ContentFilter = Pick<KeyFilter, 'algorithm' | 'period'>;

/** Fields that an audit entry must equal; all of them. */
export interface AuditFilter {
  readonly kid?: KeyId;
  readonly contentId?: string;
}

/** Which part of a long list is wanted. */
export interface PageRequest {
  /** `next` of the page before; from the start when absent. */
  readonly cursor?: string;
  /** At most so many items, 1 to 1000. Default 100. */
  readonly limit?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page; absent on the last. */
  readonly next?: string;
}

export type AuditOperation =
  | 'register'
  | 'activate'
  | 'open'
  | 'revoke'
  | 'rewrap'
  | 'prune'
  | 'replace-policy';

/** One line of the audit, which can be added to and pruned, but never changed. No key material. */
export interface AuditEntry {
  /** Grows with time; gaps are possible. */
  readonly id: number;
  /** RFC 3339 UTC, with milliseconds. */
  readonly at: string;
  /** Who did it: `user@host` unless the opener of the store said otherwise. */
  readonly actor: string;
  /** `open` is a key leaving the store, `prune` older entries leaving the audit. */
  readonly operation: AuditOperation;
  /** Absent when the entry is of no key. */
  readonly kid?: KeyId;
  readonly contentId?: string;
  /** PlayReady checksum of the key concerned, base64: tells keys apart without revealing the key. */
  readonly checksum?: string;
  /** `unchanged`: it was so already. `conflict`, `failed`: it was refused, and nothing changed. */
  readonly outcome: 'done' | 'unchanged' | 'conflict' | 'failed';
}

/**
 * The license server's key store, as a packager sees it. What a call has acknowledged survives the death of the process and
 * of the machine. Every method throws PrpackError KEY_STORE_FAILED when the store cannot be reached, read or written.
 */
export interface KeyStore {
  /** Where the store is, for reports; without credentials. */
  readonly location: string;

  /**
   * Remembers keys as `pending`: all of them or, when one throws, none. Idempotent: the same KID with the same key and
   * algorithm changes nothing.
   * @throws PrpackError KEY_CONFLICT when a KID is there with another key or algorithm, or is revoked
   * @throws ContentHasKey when a key gives way to another
   * @throws PrpackError KEY_CONFLICT when a key that must be the only one of its content, label, algorithm and period is not
   * @throws PrpackError KEY_REQUIRED, KEY_INVALID when the key-encryption key is missing or not the store's
   */
  register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]>;

  /**
   * Notes that a file with these keys has been published. Idempotent.
   * @throws PrpackError KEY_REQUIRED when a KID is not registered, KEY_CONFLICT when it is revoked
   */
  markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void>;

  /** One key with its record, verified against its checksum; undefined when the KID is not registered. Audited. */
  get(kid: KeyId): Promise<StoredKey | undefined>;

  /**
   * The keys of a content, verified as by `get`. Audited. Of the living keys of a label, algorithm and period the first is the one to use:
   * it was registered first. Otherwise oldest first.
   * @param filter fields that the records must equal: a content of many crypto periods has many keys. A store may give more
   */
  findByContentId(contentId: string, filter?: ContentFilter): Promise<StoredKey[]>;

  /** Records without keys, oldest first. Needs no key-encryption key. */
  list(filter?: KeyFilter, page?: PageRequest): Promise<Page<KeyRecord>>;

  /**
   * Ends the life of keys. Idempotent.
   * @throws PrpackError KEY_REQUIRED when a KID is not registered; then none is revoked
   */
  revoke(kids: readonly KeyId[]): Promise<void>;

  /**
   * Puts a policy in the place of the one in force, as a new version; the same policy again changes nothing. Audited.
   * @param replaces the version that is to be replaced; any, when absent
   * @throws PrpackError KEY_REQUIRED when the KID is not registered, KEY_CONFLICT when another version is in force
   */
  replacePolicy(kid: KeyId, policy: Policy, replaces?: number): Promise<KeyRecord>;

  /**
   * Wraps every key under another key-encryption key, which is in force from the start: from then on, the store's KEK source has to
   * give it. May be stopped at any point and called again with the same KEKs.
   * @returns how many keys were wrapped again
   * @throws PrpackError KEY_REQUIRED, KEY_INVALID when a key is wrapped under a KEK that is not at hand; then none is changed
   * @throws PrpackError KEY_STORE_FAILED when there is no key store
   */
  rewrap(next: KeyEncryptionKey): Promise<number>;

  /** The audit, oldest entry first. */
  audit(filter?: AuditFilter, page?: PageRequest): Promise<Page<AuditEntry>>;

  /**
   * Removes the entries of the audit that are older than a moment, oldest first, and notes that in the audit. May be stopped at any point
   * and called again.
   * @param before RFC 3339 UTC, with milliseconds
   * @param keep gets the entries, in parts, and keeps them elsewhere: those of a part are removed when this has ended
   * @returns how many entries were removed
   * @throws PrpackError UNSUPPORTED_FEATURE when the audit is not this store's to prune
   */
  pruneAudit(before: string, keep: (entries: readonly AuditEntry[]) => Promise<void>): Promise<number>;

  /** Finds out whether the store can be read and written at the moment, and throws when it cannot. The embedded store is made. */
  probe(): Promise<void>;

  /** Lets go of files and connections. The store cannot be used afterwards. */
  close(): Promise<void>;

  /**
   * The same store, whose calls go out under an id that the logs of a server will have. Only of stores behind a server.
   * @param id letters, digits, `.`, `_` and `-`, at most 64; or several such ids with commas between them
   */
  withRequestId?(id: string): PackagerKeyStore;
}

type StoreCall = Exclude<keyof KeyStore, 'location' | 'close' | 'withRequestId'>;
type ByActor<Call> = Call extends (...args: infer Args) => infer Result
  ? (actor: string, ...args: Args) => Result
  : never;

/**
 * A key store that a process opens once, for any number of callers: each call says first who makes it, for the audit. `KeyStore` is what one
 * of them sees.
 */
export type SharedKeyStore = Pick<KeyStore, 'location' | 'close'> & {
  readonly [Call in StoreCall]: ByActor<KeyStore[Call]>;
};

/** What packaging needs of a key store. */
export type PackagerKeyStore = Pick<
  KeyStore,
  'location' | 'register' | 'markActive' | 'findByContentId' | 'withRequestId'
>;
