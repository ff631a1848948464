import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';
import { readU32Columns } from './columns.js';

/** SampleSizeBox or CompactSampleSizeBox (ISO/IEC 14496-12 8.7.3). */
export interface SampleSizes {
  /** Bytes of every sample, or 0 when `sizes` lists them one by one. */
  readonly sampleSize: number;
  /** Not backed by bytes when all samples have one size: compare it with other tables before looping over it. */
  readonly sampleCount: number;
  /** Present when `sampleSize` is 0: bytes of each sample. */
  readonly sizes?: Uint32Array;
}

/**
 * Reads the payload of `stsz` after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readStsz(reader: ByteReader): SampleSizes {
  readVersionAndFlags(reader, 0);
  const sampleSize = reader.u32();
  const sampleCount = reader.u32();
  if (sampleSize !== 0) return { sampleSize, sampleCount };
  return { sampleSize, sampleCount, sizes: readU32Columns(reader, sampleCount, 1)[0] };
}

/**
 * Reads the payload of `stz2` after the box header: sizes of 4, 8 or 16 bits each.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readStz2(reader: ByteReader): SampleSizes {
  readVersionAndFlags(reader, 0);
  reader.skip(3); // reserved
  const fieldSizeAt = reader.position;
  const fieldSize = reader.u8();
  const sizeAt = FIELDS[fieldSize];
  if (!sizeAt) {
    throw reader.fail('the size of a field is not 4, 8 or 16 bits', fieldSizeAt, {
      received: fieldSize,
      clause: 'ISO/IEC 14496-12 8.7.3.3',
    });
  }
  const sampleCount = reader.u32();
  const packed = reader.take(Math.ceil((sampleCount * fieldSize) / 8));
  const sizes = new Uint32Array(sampleCount);
  for (let sample = 0; sample < sampleCount; sample++) sizes[sample] = sizeAt(packed, sample);
  return { sampleSize: 0, sampleCount, sizes };
}

const FIELDS: Record<number, (packed: Uint8Array, sample: number) => number> = {
  // 8.7.3.3: two sizes a byte, the first in the high half
  4: (packed, sample) => (packed[sample >>> 1] >>> (sample % 2 === 0 ? 4 : 0)) & 0xf,
  8: (packed, sample) => packed[sample],
  16: (packed, sample) => (packed[2 * sample] << 8) | packed[2 * sample + 1],
};
