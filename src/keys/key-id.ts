import { v4 as randomUuid } from 'uuid';
import { bytesToUuid, uuidToBytes } from '../bytes/uuid.js';
import { PrpackError } from '../errors.js';

declare const keyIdBrand: unique symbol;

/** Names a content key: UUID text, lower case, dashed, in UUID text order (ISO/IEC 23001-7 8.2, `default_KID`). */
export type KeyId = string & { readonly [keyIdBrand]: true };

/**
 * The only way from text to a KeyId: a UUID with or without dashes, in any case. Any 128 bits are a KID.
 * The text is not repeated in the error, for what was pasted here may be a key.
 * @throws PrpackError KEY_INVALID
 */
export function parseKeyId(text: string): KeyId {
  const bytes = uuidToBytes(text);
  if (!bytes) {
    throw new PrpackError('KEY_INVALID', 'the key id (KID) is not a UUID', {
      expected: 'a UUID: 32 hexadecimal digits, with or without dashes',
      received: `${text.length} characters`,
      remedy: 'Give the KID as a UUID such as 10000000-1000-1000-1000-100000000001.',
    });
  }
  return bytesToUuid(bytes) as KeyId;
}

/** A KID that nobody has: a random UUID (RFC 9562 version 4). */
export function newKeyId(): KeyId {
  return randomUuid() as KeyId;
}
