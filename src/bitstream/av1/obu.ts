import { malformed } from '../../errors.js';
import type { RawBitReader } from '../raw-bit-reader.js';
import type { SampleWindow } from '../sample-window.js';

/** An open bitstream unit in a sample (AV1 bitstream 5.3). Offsets in bytes of the sample. */
export interface Obu {
  readonly type: number;
  /** Bit t of its temporal layer t and bit 8 + s of its spatial layer s, as in `operating_point_idc`. */
  readonly layers: number;
  readonly startAt: number;
  /** First byte after its header and size field. */
  readonly payloadAt: number;
  readonly endAt: number;
}

export const OBU_SEQUENCE_HEADER = 1;
export const OBU_TEMPORAL_DELIMITER = 2;
export const OBU_FRAME_HEADER = 3;
export const OBU_TILE_GROUP = 4;
export const OBU_FRAME = 6;
export const OBU_TILE_LIST = 8;

/** A header byte, its extension, and a size of up to 8 bytes. */
const MAX_HEADER_BYTES = 1 + 1 + 8;

/**
 * The OBU that starts at `startAt`. One without a size field reaches to the end of the sample.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readObu(window: SampleWindow, startAt: number): Obu {
  const restBytes = window.sizeBytes - startAt;
  const limitBytes = Math.min(restBytes, MAX_HEADER_BYTES);
  const { type, layers, usedBytes, sizeBytes } = window.parse(startAt, limitBytes, OBU_HEADER, readObuHeader);
  const payloadAt = startAt + usedBytes;
  const endAt = sizeBytes === undefined ? window.sizeBytes : payloadAt + sizeBytes;
  if (endAt > window.sizeBytes) {
    throw malformed('an AV1 OBU is longer than the rest of its sample', {
      expected: window.sizeBytes - payloadAt,
      received: endAt - payloadAt,
      clause: 'AV1 in ISO BMFF 2.4',
    });
  }
  return { type, layers, startAt, payloadAt, endAt };
}

const OBU_HEADER = { what: 'an AV1 OBU header', clause: 'AV1 5.3.2' };

/** obu_header() and obu_size, 5.3.1 to 5.3.3. */
function readObuHeader(reader: RawBitReader) {
  if (reader.flag()) throw malformed('the forbidden bit of an AV1 OBU is set', { clause: 'AV1 6.2.2' });
  const type = reader.u(4);
  const hasExtension = reader.flag();
  const hasSize = reader.flag();
  reader.skip(1); // obu_reserved_1bit
  const temporalId = hasExtension ? reader.u(3) : 0;
  const spatialId = hasExtension ? reader.u(2) : 0;
  if (hasExtension) reader.skip(3); // extension_header_reserved_3bits
  const sizeBytes = hasSize ? reader.leb128() : undefined;
  return { type, layers: (1 << temporalId) | (1 << (8 + spatialId)), sizeBytes, usedBytes: reader.usedBytes };
}
