import { ByteReader } from '../../bytes/reader.js';
import { PrpackError } from '../../errors.js';

/** Record types (PlayReady Header Specification, 2.1 "PlayReady Object Records"). */
const RECORD_TYPE = { header: 1, licenseStore: 3 } as const;

/** Largest PlayReady Object, in bytes (PlayReady Header Specification, 2 "PlayReady Object"). */
export const MAX_OBJECT_BYTES = 15 * 1024;

/** Recommended size of an empty embedded license store, in bytes (PlayReady Header Specification, 4). */
export const DEFAULT_LICENSE_STORE_BYTES = 10 * 1024;

const OBJECT_HEAD_BYTES = 6;
const RECORD_HEAD_BYTES = 4;

export interface PlayReadyObjectContent {
  /** WRMHEADER XML. */
  readonly headerXml: string;
  /** Size of the empty embedded license store to reserve; absent for none. */
  readonly licenseStoreBytes?: number;
}

export interface PlayReadyRecord {
  readonly type: number;
  readonly value: Uint8Array;
}

export interface PlayReadyObject {
  /** All records in their order, of known and unknown types. */
  readonly records: readonly PlayReadyRecord[];
  /** The value of the first header record: WRMHEADER XML in UTF-16LE. */
  readonly header?: Uint8Array;
  /** Size of the embedded license store, where there is one. */
  readonly licenseStoreBytes?: number;
}

/**
 * A PlayReady Object (PRO): the header in UTF-16LE without byte order mark, then the reserved license store.
 * @throws PrpackError INVALID_ARGUMENT for a store of no size, or an object over 15 KB
 */
export function buildPlayReadyObject(content: PlayReadyObjectContent): Uint8Array {
  const records = [{ type: RECORD_TYPE.header as number, value: utf16le(content.headerXml) }];
  if (content.licenseStoreBytes !== undefined) {
    records.push({ type: RECORD_TYPE.licenseStore, value: emptyLicenseStore(content.licenseStoreBytes) });
  }
  const length = records.reduce(
    (sum, record) => sum + RECORD_HEAD_BYTES + record.value.length,
    OBJECT_HEAD_BYTES,
  );
  // The limit is below 64 KB, so that no 16-bit record length can wrap once it holds.
  if (length > MAX_OBJECT_BYTES) {
    throw new PrpackError('INVALID_ARGUMENT', `the PlayReady Object would have ${length} bytes`, {
      expected: `at most ${MAX_OBJECT_BYTES}`,
      received: length,
      clause: 'PlayReady Header Specification 2',
      remedy: 'Reserve a smaller license store, or put less into the header.',
    });
  }
  return writeRecords(length, records);
}

/**
 * Reads a PlayReady Object; every length and count must be true.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readPlayReadyObject(bytes: Uint8Array): PlayReadyObject {
  const reader = new ByteReader(bytes, { boxPath: 'PlayReady Object', offsetBytes: 0 });
  const length = u32le(reader);
  if (length !== bytes.length) {
    throw reader.fail('its length field is not its length', 0, {
      expected: bytes.length,
      received: length,
      clause: 'PlayReady Header Specification 2',
    });
  }
  const records = readRecords(reader);
  const header = records.find((record) => record.type === RECORD_TYPE.header);
  const store = records.find((record) => record.type === RECORD_TYPE.licenseStore);
  return {
    records,
    ...(header && { header: header.value }),
    ...(store && { licenseStoreBytes: store.value.length }),
  };
}

/** Whether the bytes are one whole PlayReady Object with a header, and not, say, a `pssh` box. */
export function isPlayReadyObject(bytes: Uint8Array): boolean {
  try {
    return readPlayReadyObject(bytes).header !== undefined;
  } catch (error) {
    if (error instanceof PrpackError) return false;
    throw error;
  }
}

function readRecords(reader: ByteReader): PlayReadyRecord[] {
  const count = u16le(reader);
  reader.assertEntries(count, RECORD_HEAD_BYTES);
  const records: PlayReadyRecord[] = [];
  for (let i = 0; i < count; i++) records.push(readRecord(reader, i));
  if (reader.remaining > 0) {
    throw reader.fail(`bytes follow the last of ${count} records`, reader.position, {
      received: reader.remaining,
      clause: 'PlayReady Header Specification 2',
    });
  }
  return records;
}

function readRecord(reader: ByteReader, index: number): PlayReadyRecord {
  const type = u16le(reader);
  const at = reader.position;
  const length = u16le(reader);
  if (length > reader.remaining) {
    throw reader.fail(`record ${index} is longer than the object`, at, {
      expected: `at most ${reader.remaining}`,
      received: length,
      clause: 'PlayReady Header Specification 2.1',
    });
  }
  return { type, value: reader.take(length).slice() };
}

function writeRecords(length: number, records: readonly PlayReadyRecord[]): Uint8Array {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, records.length, true);
  let at = OBJECT_HEAD_BYTES;
  for (const { type, value } of records) {
    view.setUint16(at, type, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + RECORD_HEAD_BYTES);
    at += RECORD_HEAD_BYTES + value.length;
  }
  return bytes;
}

function emptyLicenseStore(sizeBytes: number): Uint8Array {
  if (!(Number.isInteger(sizeBytes) && sizeBytes > 0 && sizeBytes <= MAX_OBJECT_BYTES)) {
    throw new PrpackError('INVALID_ARGUMENT', `${sizeBytes} bytes cannot be reserved for a license store`, {
      expected: `a whole number from 1 to ${MAX_OBJECT_BYTES}`,
      received: sizeBytes,
      clause: 'PlayReady Header Specification 4',
      remedy: `Reserve ${DEFAULT_LICENSE_STORE_BYTES} bytes, the recommended size.`,
    });
  }
  return new Uint8Array(sizeBytes);
}

function utf16le(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf16le'));
}

function u16le(reader: ByteReader): number {
  const [low, high] = reader.take(2) as unknown as [number, number];
  return low | (high << 8);
}

function u32le(reader: ByteReader): number {
  return u16le(reader) + u16le(reader) * 0x10000;
}
