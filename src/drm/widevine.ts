import { toHex } from '../bytes/hex.js';
import { ByteReader, latin1 } from '../bytes/reader.js';
import { bytesToUuid } from '../bytes/uuid.js';
import { ByteWriter } from '../bytes/writer.js';
import { PrpackError } from '../errors.js';
import { kidBytes } from './kid.js';

/** Field numbers of the message WidevinePsshData (widevine_pssh_data.proto, published with shaka-packager). */
const FIELD = { keyId: 2, provider: 3, contentId: 4, policy: 6, protectionScheme: 9 } as const;

/** Wire types of protocol buffers ("Encoding", Message Structure). */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** What a Widevine pssh can say of the content, as far as prpack reads it. */
export interface WidevinePsshData {
  /** UUID text; plain hex for a key id that has not 16 bytes. */
  readonly keyIds: readonly string[];
  readonly contentId?: Uint8Array;
  readonly provider?: string;
  readonly policy?: string;
  /** Scheme fourcc such as `cenc`; the number in decimal where it is no fourcc. */
  readonly protectionScheme?: string;
}

export interface WidevineBuildOptions {
  /** KIDs, UUID text. */
  readonly keyIds: readonly string[];
  /** The provider's name for the content. */
  readonly contentId?: Uint8Array;
  /** Name of the content provider. */
  readonly provider?: string;
  /** Name of the policy that the provider has registered for the content. */
  readonly policy?: string;
  /** Scheme fourcc such as `cenc`. */
  readonly protectionScheme: string;
}

/**
 * Serialised WidevinePsshData: key ids, provider, content id, policy and protection scheme, in the order of the field numbers.
 * @throws PrpackError INVALID_ARGUMENT without key id and content id
 */
export function buildWidevinePsshData(options: WidevineBuildOptions): Uint8Array {
  if (options.keyIds.length === 0 && !options.contentId) {
    throw new PrpackError('INVALID_ARGUMENT', 'a Widevine pssh needs a KID or a content id', {
      remedy: 'Give the KIDs of the encrypted tracks, or leave the system "widevine" out.',
    });
  }
  const writer = new ByteWriter();
  for (const keyId of options.keyIds) writeBytesField(writer, FIELD.keyId, kidBytes(keyId));
  const { provider, contentId, policy } = options;
  if (provider !== undefined) writeBytesField(writer, FIELD.provider, Buffer.from(provider, 'utf8'));
  if (contentId) writeBytesField(writer, FIELD.contentId, contentId);
  if (policy !== undefined) writeBytesField(writer, FIELD.policy, Buffer.from(policy, 'utf8'));
  writeVarint(writer, (FIELD.protectionScheme << 3) | WIRE.varint);
  writeVarint(writer, new ByteReader(new ByteWriter(4).fourcc(options.protectionScheme).finish()).u32());
  return writer.finish();
}

/**
 * Reads WidevinePsshData and skips fields it does not know.
 * @throws PrpackError MALFORMED_INPUT for bytes that are no protocol buffers message
 */
export function readWidevinePsshData(data: Uint8Array): WidevinePsshData {
  const reader = new ByteReader(data, { boxPath: 'Widevine pssh data', offsetBytes: 0 });
  const found: Mutable<WidevinePsshData> & { keyIds: string[] } = { keyIds: [] };
  while (reader.remaining > 0) readField(reader, found);
  return found;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readField(reader: ByteReader, found: Mutable<WidevinePsshData> & { keyIds: string[] }): void {
  const at = reader.position;
  const tag = readVarint(reader);
  const fieldNumber = Number(tag >> 3n);
  if (fieldNumber === 0) throw reader.fail('a field has the number 0', at);
  const wireType = Number(tag & 7n);
  if (wireType === WIRE.bytes) readBytesField(found, fieldNumber, readBytes(reader));
  else if (wireType === WIRE.varint) readVarintField(found, fieldNumber, readVarint(reader));
  else if (wireType === WIRE.fixed64) reader.skip(8);
  else if (wireType === WIRE.fixed32) reader.skip(4);
  else throw reader.fail('a field has an unknown wire type', at, { received: wireType });
}

function readBytesField(
  found: Mutable<WidevinePsshData> & { keyIds: string[] },
  fieldNumber: number,
  value: Uint8Array,
): void {
  if (fieldNumber === FIELD.keyId) found.keyIds.push(value.length === 16 ? bytesToUuid(value) : toHex(value));
  else if (fieldNumber === FIELD.contentId) found.contentId = value.slice();
  else if (fieldNumber === FIELD.provider) found.provider = new TextDecoder().decode(value);
  else if (fieldNumber === FIELD.policy) found.policy = new TextDecoder().decode(value);
}

function readVarintField(found: Mutable<WidevinePsshData>, fieldNumber: number, value: bigint): void {
  if (fieldNumber === FIELD.protectionScheme) found.protectionScheme = schemeText(value);
}

function schemeText(value: bigint): string {
  if (value > 0xffffffffn) return `${value}`;
  const text = latin1(new ByteWriter(4).u32(Number(value)).finish());
  return /^[\x20-\x7e]{4}$/.test(text) ? text : `${value}`;
}

function writeBytesField(writer: ByteWriter, fieldNumber: number, value: Uint8Array): void {
  writeVarint(writer, (fieldNumber << 3) | WIRE.bytes);
  writeVarint(writer, value.length);
  writer.bytes(value);
}

/** Unsigned 32-bit values only: tags, lengths and the scheme. */
function writeVarint(writer: ByteWriter, value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    writer.u8((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  writer.u8(rest);
}

function readVarint(reader: ByteReader): bigint {
  const at = reader.position;
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.u8();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw reader.fail('a number is longer than 10 bytes', at);
}

function readBytes(reader: ByteReader): Uint8Array {
  const at = reader.position;
  const length = readVarint(reader);
  if (length > BigInt(reader.remaining)) {
    throw reader.fail('a field is longer than the message', at, {
      expected: `at most ${reader.remaining}`,
      received: `${length}`,
    });
  }
  return reader.take(Number(length));
}
