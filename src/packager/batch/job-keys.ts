import { PrpackError } from '../../errors.js';
import type { KeyId } from '../../keys/key-id.js';
import type { AssignedKey, KeyLookup, KeySource, TrackKeyRequest } from '../../keys/key-source.js';
import type {
  ContentFilter,
  KeyRegistration,
  PackagerKeyStore,
  PublishedOutput,
} from '../../keystore/key-store.js';
import type { ContentLocks } from './content-locks.js';
import type { BatchKeys, KeyOperation } from './types.js';

/** What the keys of a job are had from, and who is told of them. */
export interface JobKeysOptions {
  readonly contentId: string;
  readonly store: PackagerKeyStore;
  readonly source: BatchKeys | undefined;
  readonly locks: ContentLocks;
  /** Finds the keys of encrypted input. */
  readonly decryptKeys?: KeyLookup | undefined;
  readonly onKeys: (operation: KeyOperation) => void;
}

/** The keys of one job, as the side that has the key store offers them. */
export class JobKeys implements PackagerKeyStore, KeySource, KeyLookup {
  readonly location: string;
  /** Of the source, where it is the same for all contents. */
  readonly canRotate?: boolean;
  readonly #store: PackagerKeyStore;
  readonly #source: BatchKeys | undefined;
  readonly #contentId: string;
  readonly #locks: ContentLocks;
  readonly #decryptKeys: KeyLookup | undefined;
  readonly #onKeys: JobKeysOptions['onKeys'];
  #free: (() => void) | undefined;

  constructor({ contentId, store, source, locks, decryptKeys, onKeys }: JobKeysOptions) {
    this.#contentId = contentId;
    this.location = store.location;
    this.#store = store;
    this.#source = source;
    if (typeof source === 'object' && source.canRotate !== undefined) this.canRotate = source.canRotate;
    this.#locks = locks;
    this.#decryptKeys = decryptKeys;
    this.#onKeys = onKeys;
  }

  /** Whether `assign` gives keys; else they are those that the store has for the content, and new ones. */
  get hasSource(): boolean {
    return this.#source !== undefined;
  }

  async assign(
    requests: readonly TrackKeyRequest[],
    systemIds?: readonly string[],
    forManifests?: boolean,
  ): Promise<AssignedKey[]> {
    const source = this.#source!;
    const own = typeof source === 'function' ? await source(this.#contentId) : source;
    return own.assign(requests, systemIds, forManifests);
  }

  /** A key of the input, where it is encrypted already. */
  async find(kid: KeyId) {
    return this.#decryptKeys?.find(kid);
  }

  /** Other jobs of the content wait until these keys are registered. */
  async findByContentId(contentId: string, filter?: ContentFilter) {
    this.#free ??= await this.#locks.take(contentId);
    return this.#store.findByContentId(contentId, filter);
  }

  async register(registrations: readonly KeyRegistration[]) {
    const startMs = performance.now();
    const tell = (outcome: KeyOperation['outcome'], count: number) =>
      count > 0 && this.#onKeys({ outcome, count, elapsedMs: performance.now() - startMs });
    try {
      const registered = await this.#store.register(registrations);
      this.end();
      const created = registered.filter(({ outcome }) => outcome === 'created').length;
      tell('created', created);
      tell('reused', registered.length - created);
      return registered;
    } catch (error) {
      if (error instanceof PrpackError && error.code === 'KEY_CONFLICT') tell('conflict', 1);
      throw error;
    }
  }

  markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    return this.#store.markActive(kids, output);
  }

  /** Must be called when the job has ended, however it has. */
  end(): void {
    this.#free?.();
    this.#free = undefined;
  }
}
