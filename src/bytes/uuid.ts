import { fromHex, toHex } from './hex.js';

/**
 * UUID text (lower case, dashed) of 16 bytes in UUID text order, the order of `tenc`, `pssh` v1 and `seig`.
 * Any 16 bytes are accepted: key ids need not carry an RFC 9562 version.
 */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new RangeError(`a UUID has 16 bytes, not ${bytes.length}`);
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** 16 bytes in UUID text order, from UUID text with or without dashes; undefined when it is not a UUID. */
export function uuidToBytes(text: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}$/i.test(text)) return undefined;
  return fromHex(text.replaceAll('-', ''));
}
