import { relative, resolve, sep } from 'node:path';
import { SequenceSource } from '../../bytes/file-sequence.js';
import { type ByteSource, FileSource } from '../../bytes/source.js';
import { aboutFile, PrpackError } from '../../errors.js';
import { mediaTypeOf } from '../../isobmff/boxes/hdlr.js';
import { eventKindsOf } from '../../isobmff/event-messages.js';
import { type Movie, readMovie, type Track } from '../../isobmff/movie.js';
import type { Addressing, FileAddressing, IFrame, Segment } from '../../manifest/addressing.js';
import { describeTracks, typeNameOf } from '../../protection/tracks.js';
import { segmentStartsOf } from '../package/boundaries.js';
import { describeTrack, type MediaTrack, withEvents } from '../package/media.js';
import type { TrackDescription } from '../package/types.js';
import { type FragmentTable, fragmentTableOf } from './fragment-table.js';
import type { ManifestInput } from './inputs.js';
import { type PackedKey, packedKeyOf } from './packed-key.js';
import { readSegmentIndex, wrongIndex } from './segment-index.js';

/** A track as it lies in its files. */
export interface PackedTrack {
  readonly media: MediaTrack;
  readonly kind: 'video' | 'audio' | 'text';
  /** The file; of a track in segments its header. From the folder of the manifests. */
  readonly file: string;
  /** Of all its files. */
  readonly bytes: number;
  /** Sizes by URI. */
  readonly fileSizes: ReadonlyMap<string, number>;
  readonly addressing: Addressing;
  /** Absent: it is clear. */
  readonly key?: PackedKey;
  readonly warnings: readonly string[];
}

export interface PackedTrackOptions {
  readonly outDir: string;
  readonly segmentDurationSeconds?: number | undefined;
}

/** Parts without samples may last as long: rounding, and priming that editors of audio leave. */
const NEAR_SECONDS = 0.25;

/**
 * Reads a track that is packaged already: what it is, where its segments are, what key it needs. Nothing is decrypted.
 * @throws PrpackError UNSUPPORTED_FEATURE for files that manifests have no way to say; as `inspect`
 */
export async function readPackedTrack(
  input: ManifestInput,
  corrections: TrackDescription,
  options: PackedTrackOptions,
): Promise<PackedTrack> {
  const source = sourceOf(input);
  try {
    const movie = readMovie(source);
    const track = onlyTrack(movie);
    const kind = kindOf(track);
    const [described] = await describeTracks(movie);
    const one = describeTrack(described, { movie, source, track }, input.path, corrections);
    const [media] = withEvents([one], eventKindsOf(movie.topLevel, source));
    const table = fragmentTableOf(movie);
    const place = { input, movie, source, table, track };
    const found = input.series ? segmentsAddressing(place, options) : fileAddressing(place, options);
    assertStartsWithSync(kind, found);
    assertWithoutGaps(table, track);
    const { key, warnings } = packedKeyOf(movie, source);
    return {
      media,
      kind,
      file: relativePath(input.file, options.outDir),
      bytes: source.sizeBytes,
      fileSizes: fileSizesOf(input, source, options.outDir),
      addressing: kind === 'video' ? { ...found.addressing, iFrames: found.iFrames } : found.addressing,
      ...(key && { key }),
      warnings: warnings.map((warning) => `${input.path}: ${warning}`),
    };
  } catch (error) {
    throw aboutFile(error, input.path);
  } finally {
    source.close();
  }
}

function sourceOf({ path, file, series }: ManifestInput): FileSource | SequenceSource {
  return series ? new SequenceSource(path, [file, ...series.paths]) : new FileSource(file);
}

/** One track a file: a player that wants one of two would load both (DASH-IF restricted timing model). */
function onlyTrack({ tracks, isFragmented, fragments }: Movie): Track {
  if (tracks.length > 1) {
    throw new PrpackError(
      'UNSUPPORTED_FEATURE',
      `the file has ${tracks.length} tracks: players load one a file`,
      {
        boxPath: 'moov/trak',
        offsetBytes: tracks[1].node.startBytes,
        expected: 1,
        received: tracks.map((track) => `${track.id} (${typeNameOf(track)})`).join(', '),
        clause: 'ISO/IEC 23000-19 7.3.2',
        remedy: 'Give each track in a file of its own: package makes such files of clear ones.',
      },
    );
  }
  const [track] = tracks;
  if (isFragmented && fragments.count > 0 && track.samplesInMoov === 0) return track;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    'the file is not in fragments: players could not load a part of it',
    {
      boxPath: 'moov/mvex',
      offsetBytes: track.node.startBytes,
      expected: 'samples in moof boxes alone',
      received: track.samplesInMoov > 0 ? `${track.samplesInMoov} samples in moov` : 'no moof',
      clause: 'ISO/IEC 23000-19 7.3.2',
      remedy: 'Package the clear file with prpack package, or encrypt it into fragments.',
    },
  );
}

const TEXT_HANDLERS: readonly string[] = ['text', 'subt', 'sbtl'];

function kindOf(track: Track): PackedTrack['kind'] {
  const kind = TEXT_HANDLERS.includes(track.handler) ? 'text' : mediaTypeOf(track.handler);
  if (kind) return kind;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    `track ${track.id} (${typeNameOf(track)}) has no place in manifests`,
    {
      boxPath: `${track.node.path}/mdia/hdlr`,
      offsetBytes: track.node.startBytes,
      expected: 'video, audio or subtitles',
      received: track.handler,
      remedy: 'Leave the file out.',
    },
  );
}

interface PackedPlace {
  readonly input: ManifestInput;
  readonly movie: Movie;
  readonly source: ByteSource;
  readonly table: FragmentTable;
  readonly track: Track;
}

/** Segments, and the fragment that each begins with. */
interface FoundSegments<A extends Addressing = Addressing> {
  readonly addressing: A;
  readonly iFrames: readonly IFrame[];
  readonly startsWithSync: readonly boolean[];
}

function fileAddressing(
  { input, movie, source, table, track }: PackedPlace,
  { outDir, segmentDurationSeconds = 0 }: PackedTrackOptions,
): FoundSegments<FileAddressing> {
  const { range, timescaleHz, boundsBytes, boundsTicks } = readSegmentIndex(movie, source);
  const { startBytes: moovStart, endBytes: moovEnd } = moovRange(movie);
  if (range.startBytes < moovStart)
    throw wrongIndex(range.startBytes, 'it is before moov', 'ISO/IEC 23009-1 5.3.9.2');
  const parts = firstFragments(table, movie, boundsBytes, range.startBytes);
  const seconds = partSeconds(table, parts, track.mdhd.timescaleHz);
  assertTimes(
    boundsTicks.map((ticks) => ticks / timescaleHz),
    seconds,
    range.startBytes,
  );
  const starts = [...segmentStartsOf(seconds.slice(0, -1), segmentDurationSeconds), parts.length];
  const ticks = seconds.map((one) => Math.round(one * timescaleHz));
  const segments = starts.slice(0, -1).map((part, i) => ({
    startTicks: ticks[part],
    durationTicks: ticks[starts[i + 1]] - ticks[part],
    offsetBytes: boundsBytes[part],
    sizeBytes: boundsBytes[starts[i + 1]] - boundsBytes[part],
  }));
  const first = starts.slice(0, -1).map((part) => parts[part]);
  return {
    addressing: {
      kind: 'file',
      uri: uriOf(input.file, outDir),
      initRange: { startBytes: 0, endBytes: moovEnd },
      indexRange: range,
      timescaleHz,
      segments,
    },
    ...picturesOf(table, first, segments, () => 0),
  };
}

function moovRange({ topLevel, moovRun }: Movie) {
  return { startBytes: topLevel.startBytes[moovRun], endBytes: topLevel.startBytes[moovRun + 1] };
}

/** The fragment that each part of the index begins with: parts are whole boxes, and together have all fragments. */
function firstFragments(
  table: FragmentTable,
  { topLevel }: Movie,
  boundsBytes: readonly number[],
  indexAt: number,
): number[] {
  const clause = 'ISO/IEC 14496-12 8.16.3';
  const parts = fragmentsAt(table, boundsBytes);
  const boxes = new Set(topLevel.startBytes);
  const cut = boundsBytes.findIndex(
    (at, part) => !boxes.has(at) || (part < parts.length && parts[part] === undefined),
  );
  if (cut >= 0) throw wrongIndex(indexAt, `at ${boundsBytes[cut]}, where it says, is no segment`, clause);
  const { moofBytes, count } = table;
  if (moofBytes[0] < boundsBytes[0] || moofBytes[count - 1] >= boundsBytes[boundsBytes.length - 1]) {
    throw wrongIndex(indexAt, 'the media has fragments that it does not list', clause);
  }
  return parts as number[];
}

/** The first fragment between each two bounds; undefined where there is none. */
function fragmentsAt(
  { moofBytes, count }: FragmentTable,
  boundsBytes: readonly number[],
): (number | undefined)[] {
  let fragment = 0;
  return boundsBytes.slice(0, -1).map((startBytes, part) => {
    while (fragment < count && moofBytes[fragment] < startBytes) fragment++;
    return fragment < count && moofBytes[fragment] < boundsBytes[part + 1] ? fragment : undefined;
  });
}

/** When each part begins, and the end of the last. */
function partSeconds(
  { startTicks, durationTicks, count }: FragmentTable,
  parts: readonly number[],
  timescaleHz: number,
): number[] {
  const last = count - 1;
  const ticks = [...parts.map((fragment) => startTicks[fragment]), startTicks[last] + durationTicks[last]];
  return ticks.map((one) => one / timescaleHz);
}

/** What the index says of times is what the samples say, to a quarter of a second: priming is counted in several ways. */
function assertTimes(indexTimes: readonly number[], sampleTimes: readonly number[], indexAt: number): void {
  const wrong = indexTimes.findIndex((seconds, i) => Math.abs(seconds - sampleTimes[i]) >= NEAR_SECONDS);
  if (wrong < 0) return;
  const problem = `it says ${indexTimes[wrong].toFixed(3)} s where samples say ${sampleTimes[wrong].toFixed(3)} s`;
  throw wrongIndex(indexAt, problem, 'ISO/IEC 14496-12 8.16.3');
}

/** Where each file begins, and the end of the last. */
function boundsOf({ sizesBytes }: SequenceSource): number[] {
  const bounds = [0];
  for (const size of sizesBytes) bounds.push(bounds[bounds.length - 1] + size);
  return bounds;
}

function segmentsAddressing(
  { input, source, table, track }: PackedPlace,
  { outDir }: PackedTrackOptions,
): FoundSegments {
  const bounds = boundsOf(source as SequenceSource).slice(1);
  const first = fragmentsAt(table, bounds).map((fragment, i) => {
    if (fragment === undefined) throw emptySegment(input.series!.paths[i]);
    return fragment;
  });
  const ends = [...first.slice(1), table.count];
  const segments = first.map((fragment, i): Segment => {
    const last = ends[i] - 1;
    const next = ends[i] < table.count ? table.startTicks[ends[i]] : undefined;
    const startTicks = table.startTicks[fragment];
    const endTicks = next ?? table.startTicks[last] + table.durationTicks[last];
    return { startTicks, durationTicks: endTicks - startTicks, sizeBytes: bounds[i + 1] - bounds[i] };
  });
  return {
    addressing: {
      kind: 'segments',
      initUri: uriOf(input.file, outDir),
      ...templateOf(input, segments, outDir),
      timescaleHz: track.mdhd.timescaleHz,
      segments,
    },
    ...picturesOf(table, first, segments, (place) => bounds[place]),
  };
}

/** What players read to show one picture of each segment. */
function picturesOf(
  { moofBytes, firstSampleEndBytes, startsWithSync }: FragmentTable,
  first: readonly number[],
  segments: readonly Segment[],
  /** Where the file of a segment begins. */
  fileAt: (place: number) => number,
): Pick<FoundSegments, 'iFrames' | 'startsWithSync'> {
  const iFrames = first.map(
    (fragment, segmentIndex): IFrame => ({
      startTicks: segments[segmentIndex].startTicks,
      segmentIndex,
      offsetBytes: moofBytes[fragment] - fileAt(segmentIndex),
      sizeBytes: firstSampleEndBytes[fragment] - moofBytes[fragment],
    }),
  );
  return {
    iFrames: iFrames.filter(({ sizeBytes }) => sizeBytes > 0), // samples may lie before their moof
    startsWithSync: first.map((fragment) => startsWithSync[fragment]),
  };
}

/** Names count up, or are the times of the segments. */
function templateOf({ file, series }: ManifestInput, segments: readonly Segment[], outDir: string) {
  const { numbers, before, behind, width, paths } = series!;
  const hasTimes = numbers.every((number, i) => number === segments[i].startTicks) && numbers.length > 1;
  const gap = numbers.findIndex((number, i) => number !== numbers[0] + i);
  if (!hasTimes && gap >= 0) {
    throw new PrpackError('INPUT_NOT_FOUND', `${paths[gap - 1]} is not followed by the next segment`, {
      path: paths[gap - 1],
      expected: `${before}${`${numbers[gap - 1] + 1}`.padStart(width, '0')}${behind}`,
      received: `${before}${`${numbers[gap]}`.padStart(width, '0')}${behind}`,
      clause: 'ISO/IEC 23009-1 5.3.9.4.4',
      remedy: 'Put the missing segments back, or remove what is not of the track.',
    });
  }
  const variable = hasTimes ? 'Time' : 'Number';
  const number = width > 1 ? `$${variable}%0${width}d$` : `$${variable}$`;
  const folder = uriOf(file, outDir).replace(/[^/]*$/, '');
  return {
    mediaUri: `${folder}${encodeURIComponent(before)}${number}${encodeURIComponent(behind)}`,
    startNumber: hasTimes ? 1 : numbers[0],
  };
}

function emptySegment(path: string): PrpackError {
  return new PrpackError('MALFORMED_INPUT', `${path} has no moof`, {
    path,
    boxPath: 'moof',
    clause: 'ISO/IEC 23000-19 7.3.2',
    remedy: 'Write the segments again.',
  });
}

function assertStartsWithSync(
  kind: PackedTrack['kind'],
  { startsWithSync, addressing }: FoundSegments,
): void {
  const place = startsWithSync.indexOf(false);
  if (kind !== 'video' || place < 0) return;
  const seconds = addressing.segments[place].startTicks / addressing.timescaleHz;
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    `segment ${place + 1} begins with a picture that needs another one`,
    {
      expected: `a sync sample at ${seconds.toFixed(3)} s`,
      clause: 'ISO/IEC 23009-1 5.3.3.2',
      remedy: 'Package the title with segments that begin with key frames.',
    },
  );
}

/** A playlist has one time for all tracks: a hole in one would move all that follows. */
function assertWithoutGaps({ startTicks, durationTicks, count }: FragmentTable, { mdhd }: Track): void {
  for (let fragment = 0; fragment + 1 < count; fragment++) {
    const endTicks = startTicks[fragment] + durationTicks[fragment];
    const nextTicks = startTicks[fragment + 1];
    const isNext =
      Math.abs(nextTicks - endTicks) < NEAR_SECONDS * mdhd.timescaleHz && nextTicks > startTicks[fragment];
    if (isNext) continue;
    const [end, next] = [endTicks, nextTicks].map((ticks) => `${(ticks / mdhd.timescaleHz).toFixed(3)} s`);
    throw new PrpackError('UNSUPPORTED_FEATURE', `the track ends at ${end} and goes on at ${next}`, {
      expected: `samples at ${end}`,
      received: next,
      clause: 'draft-pantos-hls-rfc8216bis 6.2.4',
      remedy: 'Package the title without gaps: fill those of audio with silence.',
    });
  }
}

function fileSizesOf(
  { file, series }: ManifestInput,
  source: ByteSource,
  outDir: string,
): Map<string, number> {
  if (!series) return new Map([[uriOf(file, outDir), source.sizeBytes]]);
  const { sizesBytes } = source as SequenceSource;
  return new Map([file, ...series.paths].map((path, i) => [uriOf(path, outDir), sizesBytes[i]]));
}

/** From the folder of the manifests, with slashes on every platform. */
export function relativePath(path: string, outDir: string): string {
  return relative(resolve(outDir), resolve(path)).split(sep).join('/');
}

/** The URI by which manifests refer to a file. */
export function uriOf(path: string, outDir: string): string {
  return relativePath(path, outDir).split('/').map(encodeURIComponent).join('/');
}
