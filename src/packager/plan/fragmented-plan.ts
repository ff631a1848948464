import { makeColumn } from '../../bytes/columns.js';
import type { ByteSource } from '../../bytes/source.js';
import { ByteWriter } from '../../bytes/writer.js';
import { PrpackError } from '../../errors.js';
import { box } from '../../isobmff/boxes/box.js';
import { writeFtyp } from '../../isobmff/boxes/ftyp.js';
import { readIloc } from '../../isobmff/boxes/iloc.js';
import { SIZE_OF_MFHD, writeMfhd } from '../../isobmff/boxes/mfhd.js';
import { writeSaio } from '../../isobmff/boxes/saio.js';
import { SENC_FIRST_IV_BYTES } from '../../isobmff/boxes/senc.js';
import { type Sidx, sizeOfSidx, writeSidx } from '../../isobmff/boxes/sidx.js';
import { writeTfdt } from '../../isobmff/boxes/tfdt.js';
import { writeTfhd } from '../../isobmff/boxes/tfhd.js';
import {
  type SampleDefaults,
  sampleDefaultsOf,
  sizeOfTrun,
  type TrunColumns,
  writeTrun,
} from '../../isobmff/boxes/trun.js';
import type { Movie, Track } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { entryRunAt, NON_SYNC, toSampleFlags } from '../../isobmff/sample-table.js';
import { boxesOfRun, RunKind, readRun } from '../../isobmff/top-level.js';
import { findChild, walkMeta } from '../../isobmff/walk.js';
import { named } from '../../settings/spelling.js';
import { holdsPictures } from '../codecs.js';
import { auxiliaryBoxes, sizeOfAuxiliaryBoxes, type TrackEncryption } from './encrypt-edits.js';
import { cutFragments, type FragmentCuts } from './fragment-cuts.js';
import { type FragmentEdits, fragmentEditsOf } from './fragment-edits.js';
import { buildFragmentedMoov, droppedTypes } from './fragmented-moov.js';
import type { OutputPlan, Piece } from './output-plan.js';
import { groupRunsOf, KEY_GROUP, type SampleGrouping, writeGroups } from './sample-groups.js';
import { earliestTime } from './timing.js';

/** A box of the input that is carried along although the layout is new, such as `emsg` or an unknown one. */
interface CarriedBox {
  readonly inputBytes: number;
  readonly sizeBytes: number;
}

/**
 * The plan of a fragmented output: `ftyp`, `moov`, `sidx`, then `moof` and `mdat` pairs, each with the samples of all
 * tracks for one stretch of time (ISO/IEC 14496-12 8.8).
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
  readonly #head: Uint8Array;

  /**
   * @param durationSeconds shortest duration of a fragment
   * @throws PrpackError UNSUPPORTED_FEATURE when the movie cannot be laid out so
   */
  constructor(
    movie: Movie,
    source: ByteSource,
    encryptions: readonly TrackEncryption[],
    psshBoxes: readonly Uint8Array[],
    durationSeconds: number,
  ) {
    expectNoItemData(movie, source);
    const reference = referenceTrack(movie);
    this.#movie = movie;
    this.#encryptions = new Map(encryptions.map((encryption) => [encryption.track.index, encryption]));
    const fragmentEdits = movie.tracks.map((track) => fragmentEditsOf(track, movie));
    this.delaysTicks = fragmentEdits.map(({ delayTicks }) => delayTicks);
    this.#cuts = cutFragments(movie.tracks, reference, durationSeconds, this.delaysTicks);
    this.#groupings = movie.tracks.map((track) => groupRunsOf(track, movie.moov));
    this.fragmentCount = this.#cuts.count;
    this.#carried = this.#placeCarried(source);

    const fragmentSizes = Array.from({ length: this.fragmentCount }, (_, i) => this.#measureFragment(i));
    const ftyp = writeFtyp(fragmentedBrands(movie));
    const moov = buildFragmentedMoov(movie, encryptions, psshBoxes, fragmentEdits);
    const sidx = this.#buildSidx(reference, fragmentSizes);
    this.#head = concat([ftyp, moov, sidx]);
    this.warnings = this.#collectWarnings(sidx, fragmentEdits);

    const trailing = sumOf(this.#carried[this.fragmentCount]);
    const segmentSizes = [this.#head.length, ...fragmentSizes, trailing];
    this.segmentStartBytes = makeColumn('f64', segmentSizes.length + 1);
    for (const [i, size] of segmentSizes.entries()) {
      this.segmentStartBytes[i + 1] = this.segmentStartBytes[i] + size;
    }
    this.sizeBytes = this.segmentStartBytes[segmentSizes.length];
  }

  pieces(segment: number): readonly Piece[] {
    if (segment === 0) return [{ kind: 'literal', bytes: this.#head }];
    const fragment = segment - 1;
    const carried = this.#carried[fragment].map(
      ({ inputBytes, sizeBytes }): Piece => ({ kind: 'copy', inputBytes, lengthBytes: sizeBytes }),
    );
    if (fragment === this.fragmentCount) return carried;
    const header = concat([this.#renderMoof(fragment), mdatHeader(this.#mediaBytes(fragment))]);
    return [...carried, { kind: 'literal', bytes: header }, ...this.#mediaPieces(fragment)];
  }

  /** Boxes of the input by the fragment that they go before; those before any sample go before the first. */
  #placeCarried(source: ByteSource): CarriedBox[][] {
    const places: CarriedBox[][] = Array.from({ length: this.fragmentCount + 1 }, () => []);
    const starts = Array.from({ length: this.fragmentCount }, (_, i) => this.#firstInputByte(i));
    let fragment = 0;
    for (const carried of carriedBoxes(this.#movie, source)) {
      while (fragment < this.fragmentCount && starts[fragment] < carried.inputBytes) fragment++;
      places[fragment].push(carried);
    }
    return places;
  }

  #firstInputByte(fragment: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const track of this.#movie.tracks) {
      const { from, count } = this.#range(track, fragment);
      if (count > 0) first = Math.min(first, track.samples.offsets[from]);
    }
    return first;
  }

  #range(track: Track, fragment: number): { from: number; count: number } {
    const firstSample = this.#cuts.firstSample[track.index];
    return { from: firstSample[fragment], count: firstSample[fragment + 1] - firstSample[fragment] };
  }

  #mediaBytes(fragment: number): number {
    let bytes = 0;
    for (const track of this.#movie.tracks) bytes += this.#trackBytes(track, fragment);
    return bytes;
  }

  #trackBytes(track: Track, fragment: number): number {
    const { from, count } = this.#range(track, fragment);
    let bytes = 0;
    for (let i = from; i < from + count; i++) bytes += track.samples.sizes[i];
    return bytes;
  }

  #measureFragment(fragment: number): number {
    const media = this.#mediaBytes(fragment);
    const parts = this.#tracksIn(fragment).map((track) => this.#trafParts(track, fragment));
    const size = sumOf(this.#carried[fragment]) + sizeOfMoof(parts) + mdatHeader(media).length + media;
    if (size <= 0x7fffffff) return size;
    throw new PrpackError('UNSUPPORTED_FEATURE', `fragment ${fragment + 1} would have ${size} bytes`, {
      expected: 0x7fffffff,
      received: size,
      clause: 'ISO/IEC 14496-12 8.8.8',
      remedy: `Use ${named('layout', 'keep')}, or a shorter ${named('fragmentDurationSeconds')}.`,
    });
  }

  /** The samples of the fragment, track after track; neighbours in the input are copied as one. */
  #mediaPieces(fragment: number): Piece[] {
    const pieces: Piece[] = [];
    let inputBytes = 0;
    let lengthBytes = 0;
    const flush = () => {
      if (lengthBytes > 0) pieces.push({ kind: 'copy', inputBytes, lengthBytes });
    };
    for (const track of this.#movie.tracks) {
      const { offsets, sizes } = track.samples;
      const { from, count } = this.#range(track, fragment);
      for (let i = from; i < from + count; i++) {
        if (offsets[i] !== inputBytes + lengthBytes) {
          flush();
          inputBytes = offsets[i];
          lengthBytes = 0;
        }
        lengthBytes += sizes[i];
      }
    }
    flush();
    return pieces;
  }

  #renderMoof(fragment: number): Uint8Array {
    const mfhd = writeMfhd({ sequenceNumber: fragment + 1 });
    const tracks = this.#tracksIn(fragment);
    const parts = tracks.map((track) => this.#trafParts(track, fragment));
    let trafStart = 8 + mfhd.length;
    let dataOffset = sizeOfMoof(parts) + mdatHeader(this.#mediaBytes(fragment)).length;
    const trafs = parts.map((part, i) => {
      const traf = writeTraf(part, trafStart, dataOffset);
      trafStart += traf.length;
      dataOffset += this.#trackBytes(tracks[i], fragment);
      return traf;
    });
    return box('moof', mfhd, ...trafs);
  }

  #tracksIn(fragment: number): Track[] {
    return this.#movie.tracks.filter((track) => this.#range(track, fragment).count > 0);
  }

  #trafParts(track: Track, fragment: number): TrafParts {
    const { from, count } = this.#range(track, fragment);
    const columns = trunColumns(track, this.#cuts.durations[track.index], from, count);
    const defaults = sampleDefaultsOf(columns, 0, count);
    const tfhd = writeTfhd({
      trackId: track.id,
      sampleDescriptionIndex: track.samples.entryRuns[entryRunAt(track.samples, from)].entryIndex,
      ...defaults,
      durationIsEmpty: false,
      defaultBaseIsMoof: true,
    });
    const tfdt = writeTfdt({ baseMediaDecodeTime: BigInt(this.#cuts.decodeTime[track.index][fragment]) });
    const groups = writeGroups(this.#groupings[track.index], from, count);
    const encryption = this.#encryptions.get(track.index);
    return { from, count, columns, defaults, head: [tfhd, tfdt], groups, encryption };
  }

  /** An index of all fragments, so that players seek without reading them (8.16.3). Empty when they are too many. */
  #buildSidx(reference: Track, fragmentSizes: readonly number[]): Uint8Array {
    if (this.fragmentCount > 0xffff || this.fragmentCount === 0) return new Uint8Array();
    const earliestPresentationTime = BigInt(
      earliestTime(reference, this.#movie, this.#cuts.decodeTime[reference.index], this.#cuts),
    );
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

  #collectWarnings(sidx: Uint8Array, fragmentEdits: readonly FragmentEdits[]): string[] {
    const warnings = fragmentEdits.flatMap((edits) => edits.warnings);
    if (sidx.length === 0)
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

/** A `traf` but for what depends on where it is: its `trun`, and the boxes of an encrypted track. */
interface TrafParts {
  readonly from: number;
  readonly count: number;
  readonly columns: TrunColumns;
  readonly defaults: SampleDefaults;
  readonly head: readonly Uint8Array[];
  readonly groups: readonly Uint8Array[];
  readonly encryption: TrackEncryption | undefined;
}

function writeTraf(parts: TrafParts, trafStart: number, dataOffset: number): Uint8Array {
  const { from, count, columns, defaults, head, groups, encryption } = parts;
  const before = [...head, writeTrun(columns, 0, count, dataOffset, defaults), ...groups];
  const auxiliary = encryption && auxiliaryBoxes(encryption, from, count, 0);
  if (!auxiliary) return box('traf', ...before);
  const { saiz, saio, senc } = auxiliary;
  const sencStart = trafStart + 8 + sumLengths(before) + saiz.length + saio.length;
  return box('traf', ...before, saiz, writeSaio({ offsets: [sencStart + SENC_FIRST_IV_BYTES] }), senc);
}

/** Bytes of the `moof` of these. Every one is measured before one is made: long movies have many thousands. */
function sizeOfMoof(parts: readonly TrafParts[]): number {
  let size = 8 + SIZE_OF_MFHD;
  for (const part of parts) size += sizeOfTraf(part);
  return size;
}

function sizeOfTraf({ from, count, columns, defaults, head, groups, encryption }: TrafParts): number {
  const trun = sizeOfTrun(columns, 0, count, defaults);
  const auxiliary = encryption ? sizeOfAuxiliaryBoxes(encryption, from, count, 0) : 0;
  return 8 + sumLengths(head) + trun + sumLengths(groups) + auxiliary;
}

/** Still pictures are few and far between: their times are no places to cut at, where there is anything else. */
function referenceTrack({ tracks, moov }: Movie): Track {
  const withSamples = tracks.filter((track) => track.samples.count > 0 && !holdsPictures(track, moov));
  return (
    withSamples.find((track) => track.handler === 'vide') ??
    withSamples.find((track) => track.handler === 'soun') ??
    withSamples[0] ??
    tracks[0]
  );
}

function trunColumns(track: Track, durations: Uint32Array, from: number, count: number): TrunColumns {
  const { sizes, flags, compositionOffsets } = track.samples;
  const sampleFlags = new Uint32Array(count);
  for (let i = 0; i < count; i++) sampleFlags[i] = withDependence(toSampleFlags(flags?.[from + i] ?? 0));
  return {
    durations: durations.subarray(from, from + count),
    sizes: sizes.subarray(from, from + count),
    flags: sampleFlags,
    ...(compositionOffsets && { compositionOffsets: compositionOffsets.subarray(from, from + count) }),
  };
}

const DEPENDS_MASK = 0x03000000;
const DEPENDS_ON_OTHERS = 0x01000000;
const DEPENDS_ON_NONE = 0x02000000;

/** Players read sample_depends_on to find key frames; where the input says nothing, sync samples depend on none. */
function withDependence(flags: number): number {
  if ((flags & DEPENDS_MASK) !== 0) return flags >>> 0;
  return (flags | (flags & 0x10000 ? DEPENDS_ON_OTHERS : DEPENDS_ON_NONE)) >>> 0;
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

function mdatHeader(mediaBytes: number): Uint8Array {
  return new ByteWriter(8)
    .u32(mediaBytes + 8)
    .fourcc('mdat')
    .finish();
}

/** What can be carried into a new layout: boxes that say nothing of where samples are. */
const NOT_CARRIED = new Set(['ftyp', 'styp', 'pdin', 'prft']);

function* carriedBoxes({ topLevel }: Movie, source: ByteSource): Generator<CarriedBox> {
  for (let run = 0; run < topLevel.count; run++) {
    const kind = topLevel.kinds[run];
    if (kind !== RunKind.Other && kind !== RunKind.Meta) continue;
    for (const { type, startBytes, sizeBytes } of boxesOfRun(source, topLevel, run)) {
      if (type && !NOT_CARRIED.has(type)) yield { inputBytes: startBytes, sizeBytes };
    }
  }
}

/** Items of a file-level `meta` whose data lies in the file would lose it: only samples are laid out anew. */
function expectNoItemData({ topLevel }: Movie, source: ByteSource): void {
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
