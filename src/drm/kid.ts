import { uuidToBytes } from '../bytes/uuid.js';
import { PrpackError } from '../errors.js';

/**
 * The 16 bytes of a KID in UUID text order.
 * @throws PrpackError INVALID_ARGUMENT when the text is not a UUID
 */
export function kidBytes(kid: string): Uint8Array {
  const bytes = uuidToBytes(kid);
  if (bytes) return bytes;
  throw new PrpackError('INVALID_ARGUMENT', `${kid} is not a KID`, {
    expected: 'UUID text',
    remedy: 'Give the KID as 32 hexadecimal digits, with or without dashes.',
  });
}
