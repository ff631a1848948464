import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { PrpackError } from '../../errors.js';
import { box, fullBox, payloadOf, readVersionAndFlags } from './box.js';

/** TrackFragmentRandomAccessBox (ISO/IEC 14496-12 8.8.10), without the numbers inside the fragment. */
export interface Tfra {
  readonly trackId: number;
  /** Presentation times of the entries, in ticks of the track's timescale. */
  readonly times: BigUint64Array;
  /** File offsets of the `moof` boxes. */
  readonly moofOffsets: Float64Array;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readTfra(reader: ByteReader): Tfra {
  const { trackId, isWide, numbersBytes, entryCount } = readHead(reader);
  const times = new BigUint64Array(entryCount);
  const moofOffsets = new Float64Array(entryCount);
  for (let entry = 0; entry < entryCount; entry++) {
    times[entry] = isWide ? reader.u64() : BigInt(reader.u32());
    moofOffsets[entry] = isWide ? reader.offset64() : reader.u32();
    reader.skip(numbersBytes);
  }
  return { trackId, times, moofOffsets };
}

/** Reads up to the first entry, after which all entries are known to be there. */
function readHead(reader: ByteReader) {
  const isWide = readVersionAndFlags(reader, 1).version === 1;
  const trackId = reader.u32();
  const lengthSizes = reader.u32();
  const numbersBytes = 3 + ((lengthSizes >>> 4) & 3) + ((lengthSizes >>> 2) & 3) + (lengthSizes & 3);
  const entryCount = reader.u32();
  reader.assertEntries(entryCount, (isWide ? 16 : 8) + numbersBytes);
  return { trackId, isWide, numbersBytes, entryCount };
}

/**
 * A copy of a whole box with every `moof` offset sent through `map`; its size and all other bytes are kept.
 * @throws PrpackError MALFORMED_INPUT, or UNSUPPORTED_FEATURE when an offset outgrows the 32 bits of version 0
 */
export function patchTfra(boxBytes: Uint8Array, map: (moofOffsetBytes: number) => number): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  const { isWide, numbersBytes, entryCount } = readHead(reader);
  const copy = boxBytes.slice();
  const view = new DataView(copy.buffer);
  for (let entry = 0; entry < entryCount; entry++) {
    reader.skip(isWide ? 8 : 4); // time
    const at = startBytes + reader.position;
    const moofOffset = map(isWide ? reader.offset64() : reader.u32());
    if (isWide) view.setBigUint64(at, BigInt(moofOffset));
    else view.setUint32(at, fitting32(moofOffset));
    reader.skip(numbersBytes);
  }
  return copy;
}

function fitting32(moofOffset: number): number {
  if (moofOffset <= 0xffffffff) return moofOffset;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    'a moof moves past 4 GiB, which the random access index (tfra) cannot say',
    {
      boxPath: 'mfra/tfra',
      expected: 0xffffffff,
      received: moofOffset,
      clause: 'ISO/IEC 14496-12 8.8.10',
      remedy:
        'Remove the mfra box from the input, or ask for the fragmented layout, which writes a new index.',
    },
  );
}

/** MovieFragmentRandomAccessOffsetBox (ISO/IEC 14496-12 8.8.11): bytes of the enclosing `mfra`, as the last four of it. */
export interface Mfro {
  readonly parentSize: number;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readMfro(reader: ByteReader): Mfro {
  readVersionAndFlags(reader, 0);
  return { parentSize: reader.u32() };
}

/** A whole `mfra` with the index of one track, whose fragments have one `traf` and one `trun` each (8.8.9). */
export function writeMfra(tfra: Tfra): Uint8Array {
  const index = writeTfra(tfra);
  const mfro = (parentSize: number) => fullBox('mfro', 0, 0, new ByteWriter(4).u32(parentSize).finish());
  return box('mfra', index, mfro(8 + index.length + mfro(0).length));
}

/** The whole box, always version 1, with numbers of one byte: each entry is the first sample of its fragment. */
function writeTfra({ trackId, times, moofOffsets }: Tfra): Uint8Array {
  const payload = new ByteWriter(12 + times.length * ENTRY_BYTES).u32(trackId).u32(0).u32(times.length);
  for (const [entry, time] of times.entries()) {
    payload.u64(time).u64(moofOffsets[entry]).u8(1).u8(1).u8(1); // traf, trun, sample
  }
  return fullBox('tfra', 1, 0, payload.finish());
}

const ENTRY_BYTES = 19;

/** Bytes of what {@link writeMfra} makes of so many entries. */
export function sizeOfMfra(entryCount: number): number {
  return 8 + 24 + entryCount * ENTRY_BYTES + 16;
}
