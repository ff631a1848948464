import { GrowingColumn } from '../bytes/columns.js';
import { PrpackError } from '../errors.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { pcmFrameBytes } from '../isobmff/pcm.js';
import type { SampleTable } from '../isobmff/sample-table.js';
import { type FileSlice, findChild } from '../isobmff/walk.js';
import { named } from '../settings/spelling.js';
import { PCM_CODECS } from './codecs.js';

/** Frames that are put into one sample: as many as a frame of AAC has. */
const FRAMES_A_SAMPLE = 1024;

/** In QuickTime files each frame of PCM is a sample, and an IV of 8 bytes goes with it; a list of more is refused. */
const MAX_KEPT_SAMPLES = 2 ** 21;

/**
 * The movie with the frames of uncompressed audio put together, up to 1024 in a sample, where they are neighbours. A
 * sample of PCM is any number of frames (ISO/IEC 23003-5 5.1), and an IV for each frame would weigh more than the sound.
 * Tracks whose tables say anything of single samples stay as they are.
 */
export function withGroupedFrames(movie: Movie): Movie {
  const tracks = movie.tracks.map((track) => {
    const frameBytes = frameBytesOf(track, movie.moov);
    if (frameBytes === undefined || !isPlain(track) || brokenFrame(track, frameBytes) >= 0) return track;
    const samples = groupFrames(track.samples, frameBytes);
    return { ...track, samples, samplesInMoov: samples.count };
  });
  return { ...movie, tracks };
}

/** Bytes of a frame of a track of uncompressed audio, where all sample entries agree. */
export function frameBytesOf({ handler, entries }: Track, slice: FileSlice): number | undefined {
  if (mediaTypeOf(handler) !== 'audio' || !entries.every(({ format }) => PCM_CODECS.has(format)))
    return undefined;
  const [first, ...others] = entries.map((entry) => pcmFrameBytes(entry, slice));
  return others.every((bytes) => bytes === first) ? first : undefined;
}

function isPlain({ samples, samplesInMoov, stbl }: Track): boolean {
  const { count, flags, compositionOffsets, timeJumps, byOffset } = samples;
  const hasColumns = flags !== undefined || compositionOffsets !== undefined || byOffset !== undefined;
  return samplesInMoov === count && timeJumps.length === 0 && !hasColumns && !findChild(stbl, 'sbgp');
}

function groupFrames(samples: SampleTable, frameBytes: number): SampleTable {
  const limitBytes = FRAMES_A_SAMPLE * frameBytes;
  const offsets = new GrowingColumn('f64');
  const sizes = new GrowingColumn('u32');
  const durations = new GrowingColumn('u32');
  const entryRuns: { firstSample: number; entryIndex: number }[] = [];
  let run = 0;
  let start = 0;
  let size = 0;
  let duration = 0;
  const flush = () => {
    offsets.push(start);
    sizes.push(size);
    durations.push(duration);
  };
  for (let i = 0; i < samples.count; i++) {
    const beginsRun = samples.entryRuns[run]?.firstSample === i;
    const isNext = samples.offsets[i] === start + size && size + samples.sizes[i] <= limitBytes;
    if (i > 0 && (beginsRun || !isNext)) flush();
    if (beginsRun) entryRuns.push({ ...samples.entryRuns[run++], firstSample: offsets.length });
    if (i === 0 || beginsRun || !isNext) {
      start = samples.offsets[i];
      size = 0;
      duration = 0;
    }
    size += samples.sizes[i];
    duration += samples.durations[i];
  }
  if (samples.count > 0) flush();
  return {
    ...samples,
    count: offsets.length,
    offsets: offsets.finish(),
    sizes: sizes.finish(),
    durations: durations.finish(),
    entryRuns,
  };
}

/**
 * Old QuickTime files say sample size 1 and mean a frame: protected so, most of the sound would stay clear.
 * @param frameBytes of a track of uncompressed audio, where it is known
 * @throws PrpackError UNSUPPORTED_FEATURE
 */
export function assertWholeFrames(track: Track, frameBytes: number | undefined): void {
  if (frameBytes === undefined) return;
  const sample = brokenFrame(track, frameBytes);
  if (sample < 0) return;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    `track ${track.id}, sample ${sample}: its size is not one of whole frames of PCM`,
    {
      boxPath: `${track.stbl.path}/stsz`,
      offsetBytes: track.stbl.startBytes,
      expected: `a multiple of ${frameBytes} bytes`,
      received: track.samples.sizes[sample],
      clause: 'QuickTime File Format, Sound Sample Descriptions',
      remedy: 'Remux the file, for example with ffmpeg -c copy, so that its sample table has true sizes.',
    },
  );
}

/** The first sample that does not consist of whole frames, or -1. */
function brokenFrame({ samples: { sizes, count } }: Track, frameBytes: number): number {
  for (let i = 0; i < count; i++) if (sizes[i] % frameBytes !== 0) return i;
  return -1;
}

/** @throws PrpackError UNSUPPORTED_FEATURE when the IVs of single frames, in an unchanged sample table, are too many */
export function assertFewFrames(tracks: readonly Track[], slice: FileSlice): void {
  const track = tracks.find(
    (one) => one.samples.count > MAX_KEPT_SAMPLES && frameBytesOf(one, slice) !== undefined,
  );
  if (!track) return;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    `track ${track.id}: each frame of its PCM audio is a sample, and would get an IV`,
    {
      boxPath: `${track.stbl.path}/stsz`,
      offsetBytes: track.stbl.startBytes,
      expected: `at most ${MAX_KEPT_SAMPLES} samples`,
      received: track.samples.count,
      remedy: `Use ${named('layout', 'fragmented')}, which puts 1024 frames into a sample, or select other tracks with ${named('tracks')}.`,
    },
  );
}
