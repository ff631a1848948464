import { PrpackError } from '../errors.js';
import { givenKeyTexts } from './given.js';
import type { KeyLookup, KeySource } from './key-source.js';

/** Environment variables of one KID (UUID) and its key (32 hexadecimal digits). */
export const KID_VARIABLE = 'PRPACK_KID';
export const KEY_VARIABLE = 'PRPACK_KEY';

/**
 * The key in `PRPACK_KID` and `PRPACK_KEY`, for all tracks; undefined when neither is set. An empty variable counts as not set.
 * @throws PrpackError KEY_REQUIRED when only one of them is set, KEY_INVALID
 */
export function environmentKeySource(
  environment: Readonly<Record<string, string | undefined>>,
): (KeySource & KeyLookup) | undefined {
  const kid = environment[KID_VARIABLE];
  const key = environment[KEY_VARIABLE];
  if (!kid && !key) return undefined;
  if (kid && key) return inEnvironment(() => givenKeyTexts(kid.trim(), key.trim(), 'environment'));
  const [present, missing] = kid ? [KID_VARIABLE, KEY_VARIABLE] : [KEY_VARIABLE, KID_VARIABLE];
  throw new PrpackError('KEY_REQUIRED', `${present} is set but ${missing} is not`, {
    remedy: `Set both ${KID_VARIABLE} (a UUID) and ${KEY_VARIABLE} (32 hexadecimal digits), or neither.`,
  });
}

/** Says in an error that the value was one of the environment. */
function inEnvironment<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    const message = `${KID_VARIABLE} or ${KEY_VARIABLE}: ${error.message}`;
    throw new PrpackError(error.code, message, error.details);
  }
}
