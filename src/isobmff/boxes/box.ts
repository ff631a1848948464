import { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';

/** A box: size u32, type, payload (ISO/IEC 14496-12 4.2). For boxes under 4 GiB, which all but `mdat` are. */
export function box(type: string, ...payload: readonly Uint8Array[]): Uint8Array {
  return withPayload(header(type, 8, payload), payload);
}

/** A full box: version u8 and flags u24 before the payload (ISO/IEC 14496-12 4.2). */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...payload: readonly Uint8Array[]
): Uint8Array {
  return withPayload(header(type, 12, payload).u8(version).u24(flags), payload);
}

/** Size and type, in the one allocation that a box costs: fragments are made of thousands of them. */
function header(type: string, headerBytes: number, payload: readonly Uint8Array[]): ByteWriter {
  let length = headerBytes;
  for (const part of payload) length += part.length;
  return new ByteWriter(length).u32(length).fourcc(type);
}

function withPayload(writer: ByteWriter, payload: readonly Uint8Array[]): Uint8Array {
  for (const part of payload) writer.bytes(part);
  return writer.finish();
}

/** What a full box says before its fields. */
export interface VersionAndFlags {
  readonly version: number;
  readonly flags: number;
}

/**
 * Reads version and flags of a full box. A version that is newer than the reader is refused: its fields may
 * mean something else (ISO/IEC 14496-12 4.2: boxes of an unknown version are not to be interpreted).
 * @throws PrpackError MALFORMED_INPUT
 */
export function readVersionAndFlags(reader: ByteReader, newestVersion: number): VersionAndFlags {
  const at = reader.position;
  const version = reader.u8();
  const flags = reader.u24();
  if (version > newestVersion) {
    throw reader.fail('the version of the box is not known', at, {
      expected: newestVersion,
      received: version,
      clause: 'ISO/IEC 14496-12 4.2',
    });
  }
  return { version, flags };
}

/** A box met inside another one's payload. */
export interface ChildBox {
  readonly type: string;
  /** Over the payload after the 8-byte header; for `uuid` the extended type comes first. */
  readonly payload: ByteReader;
}

/**
 * The boxes that fill the rest of the reader, for the small containers read as one box (`sinf`, `schi`, `dref`).
 * @throws PrpackError MALFORMED_INPUT
 */
export function* childBoxes(reader: ByteReader): Generator<ChildBox> {
  while (reader.remaining > 0) {
    const at = reader.position;
    const sizeBytes = reader.u32();
    const type = reader.fourcc();
    if (sizeBytes < 8) {
      throw reader.fail('the size of a child box is smaller than its header', at, {
        expected: 8,
        received: sizeBytes,
        clause: 'ISO/IEC 14496-12 4.2',
      });
    }
    const place = {
      boxPath: `${reader.place.boxPath}/${type}`,
      offsetBytes: reader.place.offsetBytes + reader.position,
    };
    yield { type, payload: new ByteReader(reader.take(sizeBytes - 8), place) };
  }
}

/** A reader over the payload of a whole box in memory, 32-bit or 64-bit size field, and where the payload starts. */
export function payloadOf(boxBytes: Uint8Array): {
  readonly reader: ByteReader;
  readonly startBytes: number;
} {
  const header = new ByteReader(boxBytes);
  const size32 = header.u32();
  const boxPath = header.fourcc();
  if (size32 === 1) header.skip(8); // ISO/IEC 14496-12 4.2: largesize follows the type
  const startBytes = header.position;
  return { reader: new ByteReader(header.rest(), { boxPath, offsetBytes: startBytes }), startBytes };
}
