import { ContentKey } from './content-key.js';
import { type KeyId, parseKeyId } from './key-id.js';
import { assignToAll, type KeyLookup, type KeySource } from './key-source.js';

/** One KID and key for all tracks, as the caller holds them. `source` is what the report says of their origin. */
export function givenKeySource(kid: KeyId, key: ContentKey, source = 'given'): KeySource & KeyLookup {
  return {
    canRotate: false,
    async assign(requests) {
      return assignToAll(requests, { kid, key, source });
    },
    async find(wanted) {
      return wanted === kid ? key : undefined;
    },
  };
}

/**
 * As `givenKeySource`, from text: a UUID with or without dashes, and 32 hexadecimal digits.
 * @throws PrpackError KEY_INVALID
 */
export function givenKeyTexts(kid: string, key: string, source = 'given'): KeySource & KeyLookup {
  return givenKeySource(parseKeyId(kid), ContentKey.fromHex(key), source);
}
