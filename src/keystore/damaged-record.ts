import { PrpackError } from '../errors.js';
import type { KeyId } from '../keys/key-id.js';

/** A record that cannot be believed. */
export function damagedRecord(kid: KeyId, problem: string, cause?: unknown): PrpackError {
  return new PrpackError(
    'KEY_STORE_FAILED',
    `the key store's record of KID ${kid} cannot be trusted: ${problem}`,
    {
      remedy:
        'Restore the key store from a backup; do not publish or license anything with this key until then.',
    },
    cause,
  );
}
