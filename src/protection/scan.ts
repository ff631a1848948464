import { createNalCodec, loadNalGrammar } from '../bitstream/nal-codec.js';
import { type ByteSource, ReadWindow } from '../bytes/source.js';
import { NalSubsampleMapper } from '../cenc/nal-subsamples.js';
import type { IvSize, Scheme } from '../cenc/scheme.js';
import {
  type SliceTally,
  SubsampleBuilder,
  type SubsampleMapper,
  type SubsampleTable,
} from '../cenc/subsamples.js';
import { PrpackError } from '../errors.js';
import type { CodecDescription } from '../isobmff/codec-reader.js';
import type { SampleTable } from '../isobmff/sample-table.js';
import { type SampleProtection, sampleProtectionOf } from './codecs.js';
import type { DescribedTrack } from './tracks.js';

/** Read between two turns of the event loop. */
const SAMPLES_BETWEEN_YIELDS = 4096;

/** Where samples are large, most of their bytes need not be read to find the headers. */
const LARGE_SAMPLE_BYTES = 16 * 1024;
const SPARSE_WINDOW_BYTES = 4 * 1024;
const DENSE_WINDOW_BYTES = 64 * 1024;

/** How samples are to be protected, as far as their subsamples depend on it. */
export interface SubsampleRules {
  readonly scheme: Scheme;
  /** Bytes of the IV in the auxiliary information of each sample; 0 where it is constant. */
  readonly perSampleIvSize: 0 | IvSize;
}

/**
 * Reads the samples of one sample entry. It keeps what later samples depend on, such as parameter sets and reference
 * frames, so one reader serves a track from its first sample to its last, in parts or at once.
 */
export type SubsampleReader = (builder: SubsampleBuilder, rules: SubsampleRules) => SubsampleMapper;

type MakeReader = (codec: CodecDescription) => Promise<SubsampleReader>;

/** One row a way of protection. Codecs whose whole samples are protected need no reader. */
const READERS: Readonly<Record<SampleProtection, MakeReader | undefined>> = {
  'whole-sample': undefined,
  'nal-units': async ({ kind, parameterSets, nalLengthSizeBytes }) => {
    const codec = createNalCodec(await loadNalGrammar(kind!), parameterSets!);
    return (builder) => new NalSubsampleMapper(codec, nalLengthSizeBytes!, builder);
  },
  'coded-ranges': async (codec) => (await import('./range-scan.js')).rangeReaderOf(codec), // few files are of AV1 or VP9
};

/** Readers for the sample entries of a track; undefined when its whole samples are protected. */
export async function subsampleReadersOf({
  track,
  codecs,
}: DescribedTrack): Promise<SubsampleReader[] | undefined> {
  const protection = sampleProtectionOf(track.handler, track.entries[0].format);
  const createReader = protection && READERS[protection];
  return createReader && Promise.all(codecs.map(createReader));
}

/** The subsamples of a track, and what its samples hold that they were made of. */
export interface ScannedSubsamples {
  readonly table: SubsampleTable;
  readonly tally: SliceTally;
}

/**
 * Finds the subsamples of a track by reading the headers of all its samples.
 * @param readers the same for all parts of a track that is read in parts
 * @param pause called now and then, for progress and to let the caller stop
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE, naming the sample
 */
export async function scanSubsamples(
  { track }: DescribedTrack,
  readers: readonly SubsampleReader[],
  source: ByteSource,
  rules: SubsampleRules,
  pause: () => Promise<void>,
): Promise<ScannedSubsamples> {
  const { samples } = track;
  const builder = new SubsampleBuilder(rules.scheme, rules.perSampleIvSize);
  const mappers = readers.map((reader) => reader(builder, rules));
  const window = new ReadWindow(source, windowBytes(samples));
  let run = 0;
  let offset = 0;
  let size = 0;
  const peek = (at: number, length: number) => window.view(offset + at, Math.min(length, size - at));
  for (let sample = 0; sample < samples.count; sample++) {
    if (sample % SAMPLES_BETWEEN_YIELDS === 0) await pause();
    while (samples.entryRuns[run + 1]?.firstSample <= sample) run++;
    offset = samples.offsets[sample];
    size = samples.sizes[sample];
    try {
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
