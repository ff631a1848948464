import { makeColumn } from '../bytes/columns.js';
import type { ByteSource } from '../bytes/source.js';
import { ByteWriter } from '../bytes/writer.js';
import { PrpackError } from '../errors.js';
import { writeFtyp, writeStyp } from '../isobmff/boxes/ftyp.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import { readIloc } from '../isobmff/boxes/iloc.js';
import { type Sidx, sizeOfSidx, writeSidx } from '../isobmff/boxes/sidx.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { NON_SYNC } from '../isobmff/sample-table.js';
import { RunKind, readRun } from '../isobmff/top-level.js';
import { findChild, walkMeta } from '../isobmff/walk.js';
import { holdsPictures } from '../protection/codecs.js';
import type { TrackEncryption } from '../protection/track-protection.js';
import { named } from '../settings/spelling.js';
import { type Carried, type CarriedBox, placeCarried } from './carried-boxes.js';
import { cutFragments, cutsOfTrack, type FragmentCuts } from './fragment-cuts.js';
import { type FragmentEdits, fragmentEditsOf } from './fragment-edits.js';
import { FragmentWriter, type TrackRange } from './fragment-writer.js';
import { buildFragmentedMoov, droppedTypes } from './fragmented-moov.js';
import type { CopiesPiece, OutputPlan, SegmentPiece } from './output-plan.js';
import type { PresentationTrack } from './presentation.js';
import { groupRunsOf, KEY_GROUP, type SampleGrouping } from './sample-groups.js';
import { earliestTime } from './timing.js';

/** Where tracks are cut into fragments, whatever will be encrypted of them. */
export interface Fragmentation {
  /** Place of the track whose sync samples decide. */
  readonly reference: number;
  /** One a track. */
  readonly edits: readonly FragmentEdits[];
  /** One a track: ticks by which its decode times are later than in the input. */
  readonly delaysTicks: readonly number[];
  readonly cuts: FragmentCuts;
}

/**
 * Cuts all tracks of a presentation at the same times.
 * @param durationSeconds shortest duration of a fragment
 * @param wanted sync samples of the reference that begin a fragment, however short the one before is
 * @throws PrpackError UNSUPPORTED_FEATURE when the tracks cannot be cut so
 */
export function fragmentationOf(
  presentation: readonly PresentationTrack[],
  durationSeconds: number,
  wanted?: ReadonlySet<number>,
): Fragmentation {
  const tracks = presentation.map(({ track }) => track);
  const reference = referenceOf(presentation);
  const edits = presentation.map(({ track, movie }) => fragmentEditsOf(track, movie));
  const delaysTicks = edits.map(({ delayTicks }) => delayTicks);
  const cuts = cutFragments(tracks, reference, durationSeconds, delaysTicks, wanted);
  return { reference, edits, delaysTicks, cuts };
}

/** The part of a fragmentation that an output of one track needs. */
export function fragmentationOfTrack(
  { edits, delaysTicks, cuts }: Fragmentation,
  place: number,
): Fragmentation {
  return {
    reference: 0,
    edits: [edits[place]],
    delaysTicks: [delaysTicks[place]],
    cuts: cutsOfTrack(cuts, place),
  };
}

/** A fragmented output: its tracks, and what protects them. */
export interface FragmentedOutput {
  /** With the tracks of the output, which may be fewer than its `moov` has. */
  readonly movie: Movie;
  readonly source: ByteSource;
  readonly encryptions: readonly TrackEncryption[];
  /** Of the movie's tracks. */
  readonly fragmentation: Fragmentation;
  /** `pssh` boxes of `moov`. */
  readonly psshBoxes: readonly Uint8Array[];
  /** Where keys rotate: `pssh` boxes of the `moof` of a fragment. */
  readonly psshOfFragment?: ((fragment: number) => readonly Uint8Array[]) | undefined;
  /** Whether it is a CMAF track file (ISO/IEC 23000-19 7.3), and says so. Default false. */
  readonly isCmaf?: boolean;
  /** Which boxes next to the movie are carried over. Default: `all`; of a CMAF track `events`, as nothing else may be there. */
  readonly carried?: Carried;
  /**
   * Fragments that begin a file of their own, as a CMAF segment (ISO/IEC 23000-19 7.3.3.2): a `styp` goes before each of them, and no `sidx`
   * before all. Absent: the output is one file.
   */
  readonly segmentStarts?: readonly number[] | undefined;
  /** Fragments at which players of all manifests begin to load. Default: all. */
  readonly loadStarts?: readonly number[];
}

/** Where the parts are that manifests name. */
export interface FragmentPlaces {
  /** Bytes of `ftyp` and `moov`, with which the output begins. */
  readonly initBytes: number;
  /** Bytes of `sidx`, which follows; 0 without one. */
  readonly indexBytes: number;
}

/**
 * The plan of a fragmented output: `ftyp`, `moov`, `sidx`, then `moof` and `mdat` pairs, each with the samples of all
 * tracks for one span of time (ISO/IEC 14496-12 8.8).
 */
export class FragmentedPlan implements OutputPlan {
  readonly sizeBytes: number;
  /** Segment 0 is all before the first fragment; then one segment a fragment; last, boxes carried behind them. */
  readonly segmentStartBytes: Float64Array;
  readonly fragmentCount: number;
  readonly warnings: readonly string[];
  /** Ticks by which the decode times of each track are later than in the input. */
  readonly delaysTicks: readonly number[];
  readonly #movie: Movie;
  readonly #cuts: FragmentCuts;
  readonly #encryptions: ReadonlyMap<number, TrackEncryption>;
  readonly #groupings: readonly (readonly SampleGrouping[])[];
  readonly #carried: readonly (readonly CarriedBox[])[];
  readonly places: FragmentPlaces;
  readonly #head: Uint8Array;
  readonly #psshOfFragment: (fragment: number) => readonly Uint8Array[];
  /** Fragments with a `styp`. */
  readonly #segmentStarts: ReadonlySet<number>;

  /** @throws PrpackError UNSUPPORTED_FEATURE when the movie cannot be laid out so */
  constructor({
    movie,
    source,
    encryptions,
    fragmentation,
    psshBoxes,
    psshOfFragment = () => [],
    isCmaf = false,
    carried = isCmaf ? 'events' : 'all',
    segmentStarts,
    loadStarts = Array.from({ length: fragmentation.cuts.count }, (_, fragment) => fragment),
  }: FragmentedOutput) {
    const { edits: fragmentEdits, delaysTicks, cuts } = fragmentation;
    const reference = movie.tracks[fragmentation.reference];
    assertNoItemData(movie, source);
    this.#movie = movie;
    this.#psshOfFragment = psshOfFragment;
    this.#encryptions = new Map(encryptions.map((encryption) => [encryption.track.index, encryption]));
    this.delaysTicks = delaysTicks;
    this.#cuts = cuts;
    this.#groupings = movie.tracks.map((track) => groupRunsOf(track, movie.moov));
    this.fragmentCount = this.#cuts.count;
    this.#segmentStarts = new Set(segmentStarts);
    this.#carried = placeCarried({ movie, source, cuts, carried, loadStarts: new Set(loadStarts) });

    const fragmentSizes = Array.from({ length: this.fragmentCount }, (_, i) => this.#measureFragment(i));
    const ftyp = writeFtyp(isCmaf ? CMAF_BRANDS : fragmentedBrands(movie));
    const moov = buildFragmentedMoov(movie, encryptions, psshBoxes, fragmentEdits);
    const sidx = segmentStarts ? undefined : this.#buildSidx(reference, fragmentSizes);
    this.#head = concat([ftyp, moov, ...(sidx ? [sidx] : [])]);
    this.places = { initBytes: ftyp.length + moov.length, indexBytes: sidx?.length ?? 0 };
    this.warnings = this.#collectWarnings(sidx, fragmentEdits);

    const trailing = sumOf(this.#carried[this.fragmentCount]);
    const segmentSizes = [this.#head.length, ...fragmentSizes, trailing];
    this.segmentStartBytes = makeColumn('f64', segmentSizes.length + 1);
    for (const [i, size] of segmentSizes.entries()) {
      this.segmentStartBytes[i + 1] = this.segmentStartBytes[i] + size;
    }
    this.sizeBytes = this.segmentStartBytes[segmentSizes.length];
  }

  pieces(segment: number): readonly SegmentPiece[] {
    if (segment === 0) return [{ kind: 'literal', bytes: this.#head }];
    const fragment = segment - 1;
    const carried = this.#carried[fragment].flatMap(({ pieces }) => pieces);
    if (fragment === this.fragmentCount) return carried;
    const writer = this.#writerOf(fragment);
    const styp = this.#stypOf(fragment);
    const header = concat([writer.writeMoof(fragment + 1), writer.mdatHeader]);
    return [
      ...(styp.length > 0 ? [{ kind: 'literal', bytes: styp } as const] : []),
      ...carried,
      { kind: 'literal', bytes: header },
      this.#media(fragment),
    ];
  }

  /** For a track of the output: earliest presentation time of each fragment, and the end of the last, in its ticks. */
  fragmentTimes(track: Track): Float64Array {
    const times = Float64Array.from({ length: this.fragmentCount + 1 }, (_, fragment) =>
      fragment === this.fragmentCount ? 0 : (earliestTime(track, this.#movie, this.#cuts, fragment) ?? 0),
    );
    const last = this.fragmentCount - 1;
    const { from, count } = this.#range(track, last);
    times[this.fragmentCount] = times[last];
    for (let i = from; i < from + count; i++)
      times[this.fragmentCount] += this.#cuts.durations[track.index][i];
    return times;
  }

  /** What a player reads of a fragment to show one picture: from its `moof` to the end of its first sample, within the output. */
  firstSampleRange(fragment: number): { readonly startBytes: number; readonly endBytes: number } {
    const writer = this.#writerOf(fragment);
    const [track] = this.#movie.tracks;
    const { from } = this.#range(track, fragment);
    const before = sumOf(this.#carried[fragment]) + this.#stypOf(fragment).length;
    const startBytes = this.segmentStartBytes[fragment + 1] + before;
    const lengthBytes = writer.moofBytes + writer.mdatHeader.length + track.samples.sizes[from];
    return { startBytes, endBytes: startBytes + lengthBytes };
  }

  #range(track: Track, fragment: number): { from: number; count: number } {
    const firstSample = this.#cuts.firstSample[track.index];
    return { from: firstSample[fragment], count: firstSample[fragment + 1] - firstSample[fragment] };
  }

  #measureFragment(fragment: number): number {
    const before = sumOf(this.#carried[fragment]) + this.#stypOf(fragment).length;
    const size = before + this.#writerOf(fragment).sizeBytes;
    if (size <= 0x7fffffff) return size;
    throw new PrpackError('UNSUPPORTED_FEATURE', `fragment ${fragment + 1} would have ${size} bytes`, {
      expected: 0x7fffffff,
      received: size,
      clause: 'ISO/IEC 14496-12 8.8.8',
      remedy: `Use ${named('layout', 'keep')}, or a shorter ${named('fragmentDurationSeconds')}.`,
    });
  }

  #stypOf(fragment: number): Uint8Array {
    return this.#segmentStarts.has(fragment) ? CMAF_STYP : NO_BYTES;
  }

  /** The samples of the fragment, track after track; neighbours in the input are copied as one. */
  #media(fragment: number): CopiesPiece {
    const ranges: number[] = [];
    let lengthBytes = 0;
    let endBytes = -1;
    for (const track of this.#movie.tracks) {
      const { offsets, sizes } = track.samples;
      const { from, count } = this.#range(track, fragment);
      for (let i = from; i < from + count; i++) {
        if (sizes[i] === 0) continue;
        if (offsets[i] === endBytes) ranges[ranges.length - 1] += sizes[i];
        else ranges.push(offsets[i], sizes[i]);
        endBytes = offsets[i] + sizes[i];
        lengthBytes += sizes[i];
      }
    }
    return { kind: 'copies', ranges, lengthBytes };
  }

  #writerOf(fragment: number): FragmentWriter {
    const ranges = this.#movie.tracks.flatMap((track): TrackRange | [] => {
      const { from, count } = this.#range(track, fragment);
      if (count === 0) return [];
      const { index } = track;
      return {
        track,
        from,
        count,
        durations: this.#cuts.durations[index],
        decodeTime: this.#cuts.decodeTime[index][fragment],
        groupings: this.#groupings[index],
        encryption: this.#encryptions.get(index),
      };
    });
    return new FragmentWriter(ranges, this.#psshOfFragment(fragment));
  }

  /** An index of all fragments, so that players seek without reading them (8.16.3). Empty when they are too many. */
  #buildSidx(reference: Track, fragmentSizes: readonly number[]): Uint8Array {
    if (this.fragmentCount > 0xffff || this.fragmentCount === 0) return new Uint8Array();
    const earliestPresentationTime = BigInt(earliestTime(reference, this.#movie, this.#cuts, 0) ?? 0);
    const durations = this.#cuts.durations[reference.index];
    const references = fragmentSizes.map((referencedSize, fragment) => {
      const { from, count } = this.#range(reference, fragment);
      let subsegmentDuration = 0;
      for (let i = from; i < from + count; i++) subsegmentDuration += durations[i];
      const startsWithSap = count > 0 && ((reference.samples.flags?.[from] ?? 0) & NON_SYNC) === 0;
      const sapType = startsWithSap && isEarliest(reference, from, count, durations) ? 1 : 0;
      return {
        referenceType: 0 as const,
        referencedSize,
        subsegmentDuration: Math.min(subsegmentDuration, 0xffffffff),
        startsWithSap,
        sapType,
        sapDeltaTime: 0,
      };
    });
    const sidx: Sidx = {
      version: earliestPresentationTime > 0xffffffffn ? 1 : 0,
      referenceId: reference.id,
      timescaleHz: reference.mdhd.timescaleHz,
      earliestPresentationTime,
      firstOffset: 0,
      references,
    };
    const bytes = writeSidx(sidx);
    if (bytes.length !== sizeOfSidx(sidx.version, references.length))
      throw new Error('sidx changed its size');
    return bytes;
  }

  #collectWarnings(sidx: Uint8Array | undefined, fragmentEdits: readonly FragmentEdits[]): string[] {
    const warnings = fragmentEdits.flatMap((edits) => edits.warnings);
    if (sidx?.length === 0)
      warnings.push('There are too many fragments for a segment index (sidx): none was written.');
    const lost = this.#movie.fragments.groupTypes.filter((type) => type !== KEY_GROUP);
    if (lost.length > 0) {
      warnings.push(
        `Sample groups told inside the input's fragments are not carried over: ${lost.join(', ')}. ` +
          `Use ${named('layout', 'keep')} to keep them.`,
      );
    }
    const dropped = droppedTypes(this.#movie);
    if (dropped.length > 0) {
      warnings.push(
        `Boxes of the sample tables are not carried over: ${dropped.join(', ')}. Use ${named('layout', 'keep')} to keep them.`,
      );
    }
    return warnings;
  }
}

/** Still pictures are few and far between: their times are no places to cut at, where there is anything else. Auxiliary video follows the main one. */
function referenceOf(presentation: readonly PresentationTrack[]): number {
  const withSamples = presentation.filter(
    ({ track, movie }) => track.samples.count > 0 && !holdsPictures(track, movie.moov),
  );
  const chosen =
    withSamples.find(({ track }) => track.handler === 'vide') ??
    withSamples.find(({ track }) => mediaTypeOf(track.handler) === 'video') ??
    withSamples.find(({ track }) => mediaTypeOf(track.handler) === 'audio') ??
    withSamples[0] ??
    presentation[0];
  return presentation.indexOf(chosen);
}

/** Whether no sample of the range is presented before the first one. */
function isEarliest(track: Track, from: number, count: number, durations: Uint32Array): boolean {
  const offsets = track.samples.compositionOffsets;
  if (!offsets) return true;
  let time = 0;
  for (let i = from; i < from + count; i++) {
    if (time + offsets[i] < offsets[from]) return false;
    time += durations[i];
  }
  return true;
}

/** Items of a file-level `meta` whose data lies in the file would lose it: only samples are laid out anew. */
function assertNoItemData({ topLevel }: Movie, source: ByteSource): void {
  for (let run = 0; run < topLevel.count; run++) {
    if (topLevel.kinds[run] !== RunKind.Meta) continue;
    const slice = readRun(source, topLevel, run);
    const iloc = findChild(walkMeta(slice, 'meta'), 'iloc');
    if (!iloc) continue;
    for (const { constructionMethod, dataReferenceIndex } of readIloc(readerOf(iloc, slice))) {
      if (constructionMethod !== 0 || dataReferenceIndex !== 0) continue;
      throw new PrpackError(
        'UNSUPPORTED_FEATURE',
        'meta: the file holds items, such as pictures, beside the movie',
        {
          boxPath: 'meta/iloc',
          offsetBytes: iloc.startBytes,
          clause: 'ISO/IEC 14496-12 8.11.3',
          remedy: `Use ${named('layout', 'keep')}, which leaves them where they are.`,
        },
      );
    }
  }
}

/** A CMAF track file with one index, which players of DASH read, too (ISO/IEC 23000-19 7.2, ISO/IEC 23009-1 6.3.4). */
const CMAF_BRANDS = {
  majorBrand: 'iso6',
  minorVersion: 0,
  compatibleBrands: ['iso6', 'cmfc', 'dash', 'mp41'],
};

/** A segment of DASH, and of CMAF (ISO/IEC 23009-1 6.3.4.2, ISO/IEC 23000-19 7.2). */
export const CMAF_STYP = writeStyp({
  majorBrand: 'msdh',
  minorVersion: 0,
  compatibleBrands: ['msdh', 'cmfs'],
});

const NO_BYTES = new Uint8Array();

/** default-base-is-moof asks for brand iso5 or later (8.8.7.1). */
function fragmentedBrands({ ftyp }: Movie): {
  majorBrand: string;
  minorVersion: number;
  compatibleBrands: string[];
} {
  const brands = new Set(['iso6', 'mp41', ...(ftyp ? [ftyp.majorBrand, ...ftyp.compatibleBrands] : [])]);
  return { majorBrand: 'iso6', minorVersion: 0, compatibleBrands: [...brands] };
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter(sumLengths(parts));
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}

function sumLengths(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function sumOf(boxes: readonly CarriedBox[]): number {
  return boxes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}
