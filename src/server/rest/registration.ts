import { PrpackError } from '../../errors.js';
import { keyChecksum } from '../../keys/checksum.js';
import { ContentKey } from '../../keys/content-key.js';
import { parseKeyId } from '../../keys/key-id.js';
import type { KeyRegistration, KeyStore, RegisteredKey } from '../../keystore/key-store.js';
import type { Principal } from '../access/scopes.js';
import { Problem } from '../problem.js';
import { present } from './common.js';
import type { RegistrationWithKid } from './schemas.js';

/** What became of one key of a request. */
export interface RegistrationResult {
  readonly kid: string;
  readonly status: number;
  readonly outcome: RegisteredKey['outcome'] | 'conflict';
  readonly record?: RegisteredKey['record'];
  readonly problem?: string;
}

/**
 * A registration as the store takes it. A caller without `admin` cannot add to the keys that a content has already: it could put its
 * own in their place.
 * @throws Problem 422 when the checksum is not that of the key
 */
export function toRegistration(body: RegistrationWithKid, { scopes }: Principal): KeyRegistration {
  const { kid: kidText, key: keyText, checksum, onlyKey = false, ...rest } = body;
  const kid = parseKeyId(kidText);
  const key = ContentKey.fromHex(keyText);
  if (checksum !== undefined && checksum !== keyChecksum(kid, key)) {
    throw new Problem(
      422,
      'KEY_INVALID',
      `the checksum is not that of the key of KID ${kid}`,
      'The key, the KID or the checksum was damaged on its way: send them again from their source.',
    );
  }
  return { ...present(rest), kid, key, onlyKey: onlyKey || !scopes.includes('admin') };
}

/** All keys or none. */
export async function registerAll(
  store: KeyStore,
  registrations: readonly KeyRegistration[],
): Promise<RegistrationResult[]> {
  return (await store.register(registrations)).map(resultOf);
}

/** Each key by itself: conflicts are results. One step for all of them when there is none. */
export async function registerEach(
  store: KeyStore,
  registrations: readonly KeyRegistration[],
): Promise<RegistrationResult[]> {
  try {
    return await registerAll(store, registrations);
  } catch (error) {
    conflictOf(error);
  }
  const results: RegistrationResult[] = [];
  for (const registration of registrations) {
    try {
      results.push(...(await registerAll(store, [registration])));
    } catch (error) {
      const { message: problem } = conflictOf(error);
      results.push({ kid: registration.kid, status: 409, outcome: 'conflict', problem });
    }
  }
  return results;
}

/** @throws the error when it is no conflict */
function conflictOf(error: unknown): PrpackError {
  if (error instanceof PrpackError && error.code === 'KEY_CONFLICT') return error;
  throw error;
}

function resultOf({ outcome, record }: RegisteredKey): RegistrationResult {
  return { kid: record.kid, status: outcome === 'created' ? 201 : 200, outcome, record };
}
