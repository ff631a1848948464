import { createNalCodec, type NalCodec } from '../bitstream/nal-codec.js';
import { type ByteSource, ReadWindow } from '../bytes/source.js';
import { NalSubsampleMapper } from '../cenc/nal-subsamples.js';
import { type IvSize, SCHEMES } from '../cenc/scheme.js';
import { type SliceTally, SubsampleBuilder, type SubsampleTable } from '../cenc/subsamples.js';
import { PrpackError } from '../errors.js';
import type { SampleTable } from '../isobmff/sample-table.js';
import type { DescribedTrack } from './tracks.js';

/** Between two breaths of the event loop. */
const SAMPLES_A_BREATH = 4096;

/** Where samples are large, most of their bytes need not be read to find the slice headers. */
const LARGE_SAMPLE_BYTES = 16 * 1024;
const SPARSE_WINDOW_BYTES = 4 * 1024;
const DENSE_WINDOW_BYTES = 64 * 1024;

/** Readers for the sample entries of a track of NAL units. They keep the parameter sets that samples bring along. */
export function nalCodecsOf({ codecs }: DescribedTrack): NalCodec[] {
  return codecs.map(({ kind, parameterSets }) => createNalCodec(kind!, parameterSets!));
}

/** The subsamples of a track, and what its samples hold that they were made of. */
export interface ScannedSubsamples {
  readonly table: SubsampleTable;
  readonly tally: SliceTally;
}

/**
 * Finds the subsamples of a track of NAL units, by reading the headers of all its samples.
 * @param nalCodecs the same for all parts of a track that is read in parts
 * @param breathe called now and then, for progress and to let the caller stop
 * @throws PrpackError MALFORMED_INPUT, naming the sample
 */
export async function scanSubsamples(
  { track, codecs }: DescribedTrack,
  nalCodecs: readonly NalCodec[],
  source: ByteSource,
  ivSize: IvSize,
  breathe: () => Promise<void>,
): Promise<ScannedSubsamples> {
  const { samples } = track;
  const builder = new SubsampleBuilder(SCHEMES.cenc, ivSize);
  const mappers = nalCodecs.map(
    (codec, i) => new NalSubsampleMapper(codec, codecs[i].nalLengthSizeBytes!, builder),
  );
  const window = new ReadWindow(source, windowBytes(samples));
  let run = 0;
  for (let sample = 0; sample < samples.count; sample++) {
    if (sample % SAMPLES_A_BREATH === 0) await breathe();
    while (samples.entryRuns[run + 1]?.firstSample <= sample) run++;
    const offset = samples.offsets[sample];
    const size = samples.sizes[sample];
    try {
      const peek = (at: number, length: number) => window.view(offset + at, Math.min(length, size - at));
      mappers[samples.entryRuns[run].entryIndex - 1].map(size, peek, offset);
    } catch (error) {
      throw atSample(error, track.id, sample, offset);
    }
  }
  return { table: builder.finish(), tally: builder.tally };
}

function windowBytes({ sizes, count }: SampleTable): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += sizes[i];
  return sum / count >= LARGE_SAMPLE_BYTES ? SPARSE_WINDOW_BYTES : DENSE_WINDOW_BYTES;
}

function atSample(error: unknown, trackId: number, sample: number, offsetBytes: number): unknown {
  if (!(error instanceof PrpackError)) return error;
  const details = { boxPath: 'mdat', offsetBytes, ...error.details };
  return new PrpackError(error.code, `track ${trackId}, sample ${sample}: ${error.message}`, details, error);
}
