import { ContentKey } from '../keys/content-key.js';
import { type KeyId, newKeyId } from '../keys/key-id.js';
import { retryOnKeyRace } from '../keystore/key-race.js';
import type { KeyAlgorithm, KeyRecord, KeyRegistration, KeyStore, StoredKey } from '../keystore/key-store.js';
import { Problem } from './problem.js';

/** A key with its record. */
export interface OpenedKey {
  readonly record: KeyRecord;
  readonly key: ContentKey;
}

/** The keys that a packager asks for by the name of its content. */
export interface ContentRequest {
  readonly contentId: string;
  readonly algorithm: KeyAlgorithm;
  /** Index of a crypto period, whose keys are wanted; absent for keys that do not rotate. */
  readonly period?: number;
  /** A key for each; undefined is the key of all tracks. */
  readonly labels: readonly (string | undefined)[];
  /** KIDs for keys that are made, by label, unless they are taken. */
  readonly kids?: ReadonlyMap<string | undefined, KeyId>;
  /** License acquisition URL, for keys that are made. */
  readonly laUrl?: string;
}

/** Finds and makes the keys of contents, one request for a content after the other: all who ask get the same keys. */
export class ContentKeys {
  readonly #last = new Map<string, Promise<unknown>>();

  /**
   * The registered keys of a content; those that are missing are made and registered. Revoked keys are passed over.
   * @throws Problem when a key follows from a seed, which the server does not have
   */
  async get(store: KeyStore, request: ContentRequest): Promise<OpenedKey[]> {
    // In turn within this server; a race with another server is run again.
    return this.#inTurn(request.contentId, () => retryOnKeyRace(() => findOrMake(store, request)));
  }

  async #inTurn<T>(contentId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(contentId) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#last.set(contentId, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(contentId) === turn) this.#last.delete(contentId);
    }
  }
}

async function findOrMake(store: KeyStore, request: ContentRequest): Promise<OpenedKey[]> {
  const held = await heldKeys(store, request);
  const missing = [...new Set(request.labels)].filter((label) => !held.has(label));
  if (missing.length === 0) return request.labels.map((label) => held.get(label)!);
  const registrations = missing.map((label) => newRegistration(store, request, label));
  await store.register(await Promise.all(registrations));
  const complete = await heldKeys(store, request);
  return request.labels.map((label) => complete.get(label)!);
}

/** By label, the key that was registered first. Earlier versions registered a crypto period as a content of its own. */
async function heldKeys(
  store: KeyStore,
  { contentId, algorithm, period, labels }: ContentRequest,
): Promise<Map<string | undefined, OpenedKey>> {
  // Only those of the period are opened: a channel that never ends has ever more keys.
  const found = await store.findByContentId(contentId, period === undefined ? {} : { period });
  const formerly = period === undefined ? [] : await store.findByContentId(`${contentId}/period-${period}`);
  const stored = [...found.filter(({ record }) => record.period === period), ...formerly].filter(
    ({ record }) => record.algorithm === algorithm && record.state !== 'revoked',
  );
  const byLabel = labels.flatMap((label) => {
    const first = stored.find(({ record }) => record.label === label);
    return first ? [[label, opened(first)] as const] : [];
  });
  return new Map(byLabel);
}

async function newRegistration(
  store: KeyStore,
  { algorithm, contentId, period, laUrl, kids }: ContentRequest,
  label: string | undefined,
): Promise<KeyRegistration> {
  const wished = kids?.get(label);
  const isFree = wished !== undefined && (await store.list({ kid: wished })).items.length === 0;
  return {
    kid: isFree ? wished : newKeyId(),
    key: ContentKey.random(),
    algorithm,
    contentId,
    source: 'random',
    givesWay: true,
    ...(label !== undefined && { label }),
    ...(period !== undefined && { period }),
    ...(laUrl !== undefined && { laUrl }),
  };
}

/** @throws Problem 409 when the key is not in the store */
function opened({ record, key }: StoredKey): OpenedKey {
  if (key) return { record, key };
  throw new Problem(
    409,
    'KEY_REQUIRED',
    `the key of KID ${record.kid} follows from the key seed ${record.seedId}, which the key server does not have`,
    'Derive the key where the seed is, or register the key itself under a KID of its own.',
  );
}
