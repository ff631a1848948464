import { readU32 } from '../../bytes/reader.js';
import { type ByteSource, readBytes } from '../../bytes/source.js';
import { readTfra } from '../../isobmff/boxes/tfra.js';
import type { Movie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { DecodeTimes } from '../../isobmff/sample-table.js';
import { requirePath, walkBox } from '../../isobmff/walk.js';
import type { SmoothTimes } from '../../layout/smooth-times.js';
import { readProtections } from '../../protection/protection-reader.js';
import type { TrackEncryption } from '../../protection/track-protection.js';
import { assertEqual, checking, failed } from './failure.js';
import { assertSameDefaults, assertSameProtection } from './protection-comparison.js';
import { readBack } from './read-back.js';

/** What a PIFF file is compared with. */
export interface PiffExpectations {
  readonly sizeBytes: number;
  /** The checked output whose samples it has. */
  readonly encrypted: ByteSource;
  readonly encryption: TrackEncryption;
  readonly times: SmoothTimes;
  /** Whether it ends with an index (`mfra`), by which an origin finds fragments. */
  readonly hasIndex: boolean;
}

/**
 * Reads a PIFF file of one track back: its samples are byte for byte those of the encrypted output, with the planned IVs, subsamples, KID and
 * times, and its index leads to its fragments.
 * @param pause called every now and then: all bytes are read
 * @throws PrpackError OUTPUT_CHECK_FAILED, and what `pause` throws
 */
export async function checkPiff(
  output: ByteSource,
  expected: PiffExpectations,
  pause: () => Promise<void>,
): Promise<void> {
  await checking(async () => {
    assertEqual('the size of the file', expected.sizeBytes, output.sizeBytes);
    const { encryption, encrypted, times } = expected;
    const encryptedParts = readBack(encrypted);
    const moofOffsets: number[] = [];
    let first = 0;
    for (const part of readBack(output)) {
      const { value: other } = encryptedParts.next();
      const { samples } = part.tracks[0];
      assertEqual('the number of samples', other?.tracks[0].samples.count ?? 0, samples.count);
      assertSameSamples(output, part, encrypted, other as Movie);
      assertSameTimes(part, times, first);
      const [found] = readProtections(part, output);
      if (!found) throw failed('the track is not encrypted');
      assertSameDefaults(encryption, found);
      assertSameProtection(encryption, first, found);
      for (const run of part.fragments.runs) moofOffsets.push(part.topLevel.startBytes[run]);
      first += samples.count;
      await pause();
    }
    assertEqual('the number of samples', encryption.track.samples.count, first);
    if (expected.hasIndex) assertIndex(output, times, moofOffsets);
  });
}

function assertSameSamples(output: ByteSource, part: Movie, encrypted: ByteSource, other: Movie): void {
  const [a, b] = [part.tracks[0].samples, other.tracks[0].samples];
  for (let i = 0; i < a.count; i++) {
    const isSame =
      a.sizes[i] === b.sizes[i] &&
      Buffer.compare(
        readBytes(output, a.offsets[i], a.sizes[i]),
        readBytes(encrypted, b.offsets[i], b.sizes[i]),
      ) === 0;
    if (!isSame) throw failed(`sample ${i} of the part is not that of the encrypted track`);
  }
}

function assertSameTimes({ tracks: [{ samples, mdhd }] }: Movie, times: SmoothTimes, first: number): void {
  assertEqual('the timescale', 10_000_000, mdhd.timescaleHz);
  const decodeTimes = new DecodeTimes(samples);
  for (let i = 0; i < samples.count; i++) {
    const isSame =
      times.durations[first + i] === samples.durations[i] &&
      (times.compositionOffsets?.[first + i] ?? 0) === (samples.compositionOffsets?.[i] ?? 0) &&
      decodeTimes.next() === times.decodeTimes[first + i];
    if (!isSame) throw failed(`sample ${first + i} has another time`);
  }
}

/** The last four bytes of the file say how long its index is (ISO/IEC 14496-12 8.8.11). */
function assertIndex(output: ByteSource, times: SmoothTimes, moofOffsets: readonly number[]): void {
  const sizeBytes = readU32(readBytes(output, output.sizeBytes - 4, 4), 0);
  const startBytes = output.sizeBytes - sizeBytes;
  const slice = { bytes: readBytes(output, startBytes, sizeBytes), startBytes };
  const tfra = requirePath(walkBox(slice, 'mfra'), 'tfra', 'ISO/IEC 14496-12 8.8.10');
  const index = readTfra(readerOf(tfra, slice));
  const entriesOf = (starts: ArrayLike<number | bigint>, offsets: ArrayLike<number>) =>
    Array.from(starts, (start, i) => `${start}@${offsets[i]}`).join();
  if (entriesOf(times.starts, moofOffsets) === entriesOf(index.times, index.moofOffsets)) return;
  throw failed('the index does not lead to the fragments');
}
