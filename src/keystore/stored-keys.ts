import { PrpackError } from '../errors.js';
import { keyChecksum } from '../keys/checksum.js';
import type { ContentKey } from '../keys/content-key.js';
import type { KeyId } from '../keys/key-id.js';
import { isPublicTestSeed, type KeySeed, publicTestSeed } from '../keys/key-seed.js';
import {
  type AssignedKey,
  algorithmOf,
  assignTo,
  assignToAll,
  type KeyLookup,
  type KeySource,
  type SourcedKey,
  type TrackKeyRequest,
} from '../keys/key-source.js';
import { pickForTrack } from '../keys/pick.js';
import { named } from '../settings/spelling.js';
import { damagedRecord } from './damaged-record.js';
import type { KeyStore, PackagerKeyStore, StoredKey } from './key-store.js';
import { registeredName } from './registered-name.js';
import { algorithmConflict, revokedConflict } from './registration-rules.js';

/** The content whose keys are wanted. */
export interface StoredContent {
  readonly contentId: string;
  /** Whether nobody chose the content id, and the input gave it its name. */
  readonly isNamedAfterInput?: boolean;
  /** Gives the keys that the store does not have yet; without it they are an error. */
  readonly otherwise?: KeySource;
  /** Opens keys that the store knows by their seed only. */
  readonly seed?: KeySeed;
  /** Keys that do not follow from that seed are passed over. */
  readonly seedOnly?: boolean;
}

/**
 * The keys that a content was registered with, so that a rerun uses them again. Revoked keys are passed over, and so are those of the
 * algorithm that the scheme does not use: another scheme gets keys of its own under the same content id. Where several would do,
 * the one that was registered first is taken, published or not: every rerun comes to the same, and no later key takes its place.
 */
export function storedContentSource(store: PackagerKeyStore, content: StoredContent): KeySource {
  const name = registeredName(content.contentId, content.seedOnly ? content.seed?.id : undefined);
  return {
    canRotate: true,
    async assign(requests) {
      const [first] = requests;
      if (!first) return [];
      const algorithm = algorithmOf(first);
      // A content of many periods has many keys: only those of the period are opened.
      const found = await store.findByContentId(name, first.period && { period: first.period.index });
      const candidates = found.filter(
        ({ record }) =>
          record.algorithm === algorithm &&
          record.state !== 'revoked' &&
          (!content.seedOnly || record.seedId === content.seed?.id),
      );
      const picked = requests.map((request) => pickStored(candidates, request));
      const closed = picked.find((stored) => stored && !isOpenTo(content.seed, stored));
      if (closed) throw contentClash(content, closed, store.location);
      const missing = requests.filter((_, i) => !picked[i]);
      const others = await assignOthers(content, missing);
      return requests.map((request, i) => {
        const stored = picked[i];
        return stored ? assignStored(request, stored, content.seed) : others[missing.indexOf(request)]!;
      });
    },
  };
}

/**
 * One registered key for all tracks.
 * @throws (from `assign`) PrpackError KEY_REQUIRED when the KID is not registered, KEY_CONFLICT when it is revoked or for the algorithm that
 *   the scheme does not use
 */
export function storedKeySource(store: KeyStore, kid: KeyId, seed?: KeySeed): KeySource {
  return {
    canRotate: false,
    async assign(requests) {
      const stored = await store.get(kid);
      if (!stored) throw notThere(`KID ${kid} is not registered in the key store ${store.location}`);
      const { algorithm, state } = stored.record;
      const other = requests.map(algorithmOf).find((wanted) => wanted !== algorithm);
      if (other) throw algorithmConflict(kid, algorithm, other);
      if (state === 'revoked') throw revokedConflict(kid);
      return assignToAll(requests, sharedOf(stored, seed));
    },
  };
}

/**
 * Any registered key, for decryption: revoked ones too, for revocation ends licenses and not the owner's own access.
 * @param seed opens keys that the store knows by this seed only; those of the public test seed are opened in any case
 * @throws (from `find`) PrpackError KEY_REQUIRED when the key follows from another seed, and the errors of the store
 */
export function storedKeyLookup(store: Pick<KeyStore, 'get'>, seed?: KeySeed): KeyLookup {
  return {
    async find(kid) {
      const stored = await store.get(kid);
      return stored && keyOf(stored, isPublicTestSeed(stored.record.seedId) ? publicTestSeed() : seed);
    },
  };
}

function pickStored(candidates: readonly StoredKey[], request: TrackKeyRequest): StoredKey | undefined {
  const [first] = pickForTrack(
    candidates.map((stored) => ({ ...stored.record, stored })),
    request,
  );
  return first?.stored;
}

function isOpenTo(seed: KeySeed | undefined, { key, record }: StoredKey): boolean {
  return key !== undefined || record.seedId === seed?.id;
}

/** Another name, or the same keys: the content has keys that only their seed opens. */
function contentClash(
  { contentId, isNamedAfterInput }: StoredContent,
  { record }: StoredKey,
  location: string,
): PrpackError {
  const origin = isNamedAfterInput ? ' (after the name of the input)' : '';
  return new PrpackError(
    'KEY_REQUIRED',
    `the content "${contentId}"${origin} was registered by an earlier run in ${location}, with a key that follows from a key seed`,
    {
      ...(record.seedId !== undefined && { expected: `key seed ${record.seedId}` }),
      received: 'no key seed',
      remedy: `Give that key seed with ${named('keySeedFile')} to use the same key, or give this content a name of its own with ${named('contentId')}.`,
    },
  );
}

async function assignOthers(
  { contentId, otherwise }: StoredContent,
  missing: readonly TrackKeyRequest[],
): Promise<AssignedKey[]> {
  if (missing.length === 0) return [];
  if (otherwise) return otherwise.assign(missing);
  const tracks = missing.map(({ trackId, type }) => `${type} track ${trackId}`).join(', ');
  throw notThere(`the key store has no key of the content "${contentId}" for ${tracks}`);
}

function assignStored(request: TrackKeyRequest, stored: StoredKey, seed: KeySeed | undefined): AssignedKey {
  const { label } = stored.record;
  return assignTo(label === undefined ? request : { ...request, label }, sharedOf(stored, seed));
}

function sharedOf(stored: StoredKey, seed: KeySeed | undefined): Omit<SourcedKey, 'label'> {
  const { kid, seedId } = stored.record;
  return { kid, key: keyOf(stored, seed), source: 'store', ...(seedId === undefined ? {} : { seedId }) };
}

function keyOf({ key, record }: StoredKey, seed: KeySeed | undefined): ContentKey {
  if (key) return key;
  if (seed?.id !== record.seedId) {
    throw new PrpackError(
      'KEY_REQUIRED',
      `the key of KID ${record.kid} follows from the key seed ${record.seedId}`,
      {
        ...(record.seedId === undefined ? {} : { expected: record.seedId }),
        received: seed?.id ?? 'no key seed',
        remedy: `Give that key seed with ${named('keySeedFile')}, or with ${named('playreadyTest')} if it is the public one; to encrypt, another ${named('contentId')} has keys of its own.`,
      },
    );
  }
  const derived = seed!.contentKey(record.kid);
  if (keyChecksum(record.kid, derived) === record.checksum) return derived;
  throw damagedRecord(
    record.kid,
    'the key of its seed does not have the checksum that it was registered with',
  );
}

function notThere(message: string): PrpackError {
  return new PrpackError('KEY_REQUIRED', message, {
    remedy: 'List what is there with `prpack keys list`, or name the key store that holds the key.',
  });
}
