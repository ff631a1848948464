import { fromBase64, toBase64 } from '../../bytes/hex.js';
import { bytesToUuid } from '../../bytes/uuid.js';
import { kidBytes } from '../kid.js';

/**
 * Position in UUID text order of each byte in GUID order: the first three fields (DWORD, WORD, WORD) are
 * little-endian (PlayReady Header Specification, 3.3.3, KID "VALUE"). The permutation is its own inverse.
 */
const GUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/**
 * The 16 bytes of a KID in GUID order, as PlayReady header, checksum and key seed take them.
 * @throws PrpackError INVALID_ARGUMENT when the text is not a UUID
 */
export function uuidToGuidBytes(uuid: string): Uint8Array {
  return swapFields(kidBytes(uuid));
}

/** UUID text of 16 bytes in GUID order. */
export function guidBytesToUuid(guid: Uint8Array): string {
  return bytesToUuid(swapFields(guid));
}

/**
 * A KID as the PlayReady header writes it: base64 of its bytes in GUID order.
 * @throws PrpackError INVALID_ARGUMENT when the text is not a UUID
 */
export function uuidToGuidBase64(uuid: string): string {
  return toBase64(uuidToGuidBytes(uuid));
}

/** UUID text of a KID in a PlayReady header; undefined when the text is not base64 of 16 bytes. */
export function guidBase64ToUuid(base64: string): string | undefined {
  const guid = fromBase64(base64);
  return guid?.length === 16 ? guidBytesToUuid(guid) : undefined;
}

function swapFields(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== 16) throw new RangeError(`a GUID has 16 bytes, not ${bytes.length}`);
  const swapped = new Uint8Array(bytes.length);
  for (let to = 0; to < bytes.length; to++) swapped[to] = bytes[GUID_ORDER[to]!]!;
  return swapped;
}
