import { PrpackError } from '../errors.js';
import { keyChecksum } from '../keys/checksum.js';
import type { ContentKey } from '../keys/content-key.js';
import type { KeyId } from '../keys/key-id.js';
import type { KeyAlgorithm, KeyRegistration, KeyState, PublishedOutput } from './key-store.js';

/** What a store already holds of a KID, as far as a new registration is judged by it. */
export interface HeldKey {
  readonly algorithm: KeyAlgorithm;
  readonly state: KeyState;
  readonly checksum: string;
  /** Absent when the store holds a seed id in its place. */
  readonly key?: ContentKey;
}

/** Whether a key that is new must be the first of its content, label, algorithm and period. */
export function isExclusive({ givesWay, onlyKey }: KeyRegistration): boolean {
  return givesWay === true || onlyKey === true;
}

/**
 * The contract of registration, the same for every kind of store: the same key for the same algorithm changes nothing, anything
 * else is a conflict. Returns the conflict, or undefined when there is none.
 */
export function registrationConflict(registration: KeyRegistration, held: HeldKey): PrpackError | undefined {
  const { kid, algorithm } = registration;
  if (held.algorithm !== algorithm) return algorithmConflict(kid, held.algorithm, algorithm);
  if (!isSameKey(registration, held)) {
    return conflict(
      kid,
      'is registered with another key',
      'Take the registered key (`prpack keys show`), or a new KID for the new key. The registered key has been kept.',
    );
  }
  if (held.state === 'revoked') return revokedConflict(kid);
  return undefined;
}

export function algorithmConflict(kid: KeyId, held: KeyAlgorithm, wanted: KeyAlgorithm): PrpackError {
  return conflict(
    kid,
    `is registered for ${held} and cannot serve ${wanted} too`,
    'Give the content of each algorithm a KID and key of its own: a license is for AES in counter mode (cenc, cens) or in CBC mode (cbcs, cbc1), never for both.',
  );
}

export function revokedConflict(kid: KeyId): PrpackError {
  return conflict(kid, 'is revoked', 'Encrypt the content with a new KID and key.');
}

/** What a lost race is called in errors and in the problem documents of a key server. */
export const CONTENT_HAS_KEY = 'CONTENT_HAS_KEY';

/** Whether an error is a `ContentHasKey`, also one that came from another thread, which loses its class. */
export function isKeyRace(error: unknown): error is PrpackError {
  return error instanceof PrpackError && error.details.reason === CONTENT_HAS_KEY;
}

/**
 * A new key lost the race for its content, label and period: another one holds it already. `retryOnKeyRace` looks for keys again, and finds
 * that one.
 */
export class ContentHasKey extends PrpackError {
  constructor(message: string) {
    super('KEY_CONFLICT', message, { remedy: TAKE_REGISTERED, reason: CONTENT_HAS_KEY });
  }

  static of(registration: KeyRegistration): ContentHasKey {
    return new ContentHasKey(heldMessage(registration));
  }
}

/** A key that may not stand next to the one that its content has already. */
export function contentConflict(registration: KeyRegistration): PrpackError {
  return new PrpackError('KEY_CONFLICT', heldMessage(registration), { remedy: TAKE_REGISTERED });
}

/** A policy was replaced by somebody else in the meantime. */
export function policyConflict(kid: KeyId, inForce: number, replaces: number): PrpackError {
  return new PrpackError('KEY_CONFLICT', `version ${replaces} of the policy of KID ${kid} is not in force`, {
    expected: inForce,
    received: replaces,
    remedy: 'Read the record again, and decide on the policy that it shows.',
  });
}

const TAKE_REGISTERED = 'Take the registered key (`prpack keys list`), or another content id for a new key.';

function heldMessage({ contentId, label, period }: KeyRegistration): string {
  const of = label === undefined ? '' : ` for "${label}"`;
  const inPeriod = period === undefined ? '' : ` in crypto period ${period}`;
  return `the content "${contentId}" has a key${of}${inPeriod} already`;
}

/** Two keys where both are at hand, else their check values. */
function isSameKey({ kid, key }: KeyRegistration, held: HeldKey): boolean {
  return held.key ? held.key.equals(key) : held.checksum === keyChecksum(kid, key);
}

function conflict(kid: KeyId, problem: string, remedy: string): PrpackError {
  return new PrpackError('KEY_CONFLICT', `KID ${kid} ${problem}`, { remedy });
}

/** @throws PrpackError INVALID_ARGUMENT for a registration that nobody could find again */
export function assertNamed({ kid, contentId, source }: KeyRegistration): void {
  if (contentId !== '' && source !== '') return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `the registration of KID ${kid} has an empty content id or source`,
    {
      remedy: 'Name the content, for the license server finds its keys by that name.',
    },
  );
}

/** @throws PrpackError INVALID_ARGUMENT */
export function assertFingerprint({ fingerprint }: PublishedOutput): void {
  if (/^[0-9a-f]{64}$/.test(fingerprint)) return;
  throw new PrpackError('INVALID_ARGUMENT', 'the fingerprint of a published file has the wrong form', {
    expected: '64 hexadecimal digits, lower case',
    remedy:
      'Give the fingerprint of the whole published file, as the result of `encrypt` has it, or its SHA-256.',
  });
}
