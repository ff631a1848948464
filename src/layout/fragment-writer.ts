import { ByteWriter } from '../bytes/writer.js';
import { box } from '../isobmff/boxes/box.js';
import { SIZE_OF_MFHD, writeMfhd } from '../isobmff/boxes/mfhd.js';
import { writeSaio } from '../isobmff/boxes/saio.js';
import { SENC_FIRST_IV_BYTES } from '../isobmff/boxes/senc.js';
import { writeTfdt } from '../isobmff/boxes/tfdt.js';
import { writeTfhd } from '../isobmff/boxes/tfhd.js';
import {
  type SampleDefaults,
  sampleDefaultsOf,
  sizeOfTrun,
  type TrunColumns,
  writeTrun,
} from '../isobmff/boxes/trun.js';
import type { Track } from '../isobmff/movie.js';
import { entryRunAt, toSampleFlags } from '../isobmff/sample-table.js';
import type { TrackEncryption } from '../protection/track-protection.js';
import { auxiliaryBoxes, sizeOfAuxiliaryBoxes } from './encrypt-edits.js';
import { keyGroupBoxes } from './key-group-boxes.js';
import { type SampleGrouping, writeGroups } from './sample-groups.js';

/** The samples that a fragment has of one track: at least one, under one sample entry and one key. */
export interface TrackRange {
  readonly track: Track;
  readonly from: number;
  readonly count: number;
  /** Of all samples of the track, in its ticks. */
  readonly durations: Uint32Array;
  /** Of the first sample, in ticks of the track. */
  readonly decodeTime: number;
  readonly groupings: readonly SampleGrouping[];
  /** Absent for tracks that stay clear. */
  readonly encryption: TrackEncryption | undefined;
}

/** Writes the `moof` of a fragment, or measures it; its samples follow in an `mdat`, track after track. */
export class FragmentWriter {
  readonly #parts: readonly TrafParts[];
  readonly #psshBoxes: readonly Uint8Array[];
  readonly #mediaBytes: readonly number[];
  readonly mdatHeader: Uint8Array;

  /** @param psshBoxes put behind the trafs (ISO/IEC 23001-7 8.1.1) */
  constructor(ranges: readonly TrackRange[], psshBoxes: readonly Uint8Array[]) {
    this.#parts = ranges.map(trafParts);
    this.#psshBoxes = psshBoxes;
    this.#mediaBytes = ranges.map(bytesOfRange);
    this.mdatHeader = mdatHeader(this.#mediaBytes.reduce((sum, bytes) => sum + bytes, 0));
  }

  /** Bytes of `moof`. Every one is measured before one is made: long movies have many thousands. */
  get moofBytes(): number {
    let size = 8 + SIZE_OF_MFHD + sumLengths(this.#psshBoxes);
    for (const part of this.#parts) size += sizeOfTraf(part);
    return size;
  }

  /** Bytes of `moof`, `mdat` and all samples. */
  get sizeBytes(): number {
    return this.moofBytes + this.mdatHeader.length + this.#mediaBytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  writeMoof(sequenceNumber: number): Uint8Array {
    const mfhd = writeMfhd({ sequenceNumber });
    let trafStart = 8 + mfhd.length;
    let dataOffset = this.moofBytes + this.mdatHeader.length;
    const trafs = this.#parts.map((part, i) => {
      const traf = writeTraf(part, trafStart, dataOffset);
      trafStart += traf.length;
      dataOffset += this.#mediaBytes[i];
      return traf;
    });
    return box('moof', mfhd, ...trafs, ...this.#psshBoxes);
  }
}

function bytesOfRange({ track, from, count }: TrackRange): number {
  const { sizes } = track.samples;
  let bytes = 0;
  for (let i = from; i < from + count; i++) bytes += sizes[i];
  return bytes;
}

function trafParts({
  track,
  from,
  count,
  durations,
  decodeTime,
  groupings,
  encryption,
}: TrackRange): TrafParts {
  const columns = trunColumns(track, durations, from, count);
  const defaults = sampleDefaultsOf(columns, 0, count);
  const isClear = encryption?.keyNumbers?.[from] === 0;
  const entryIndex = track.samples.entryRuns[entryRunAt(track.samples, from)].entryIndex;
  const tfhd = writeTfhd({
    trackId: track.id,
    sampleDescriptionIndex: entryIndex + (isClear ? track.entries.length : 0),
    ...defaults,
    durationIsEmpty: false,
    defaultBaseIsMoof: true,
  });
  const tfdt = writeTfdt({ baseMediaDecodeTime: BigInt(decodeTime) });
  const keyGroups = encryption?.isRotating && !isClear ? keyGroupBoxes(encryption, from, count) : [];
  return {
    from,
    count,
    columns,
    defaults,
    head: [tfhd, tfdt],
    groups: [...writeGroups(groupings, from, count), ...keyGroups],
    encryption: isClear ? undefined : encryption,
  };
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

function sizeOfTraf({ from, count, columns, defaults, head, groups, encryption }: TrafParts): number {
  const trun = sizeOfTrun(columns, 0, count, defaults);
  const auxiliary = encryption ? sizeOfAuxiliaryBoxes(encryption, from, count, 0) : 0;
  return 8 + sumLengths(head) + trun + sumLengths(groups) + auxiliary;
}

function trunColumns(track: Track, durations: Uint32Array, from: number, count: number): TrunColumns {
  const { sizes, compositionOffsets } = track.samples;
  return {
    durations: durations.subarray(from, from + count),
    sizes: sizes.subarray(from, from + count),
    flags: flagColumn(track, from, count),
    ...(compositionOffsets && { compositionOffsets: compositionOffsets.subarray(from, from + count) }),
  };
}

/** `sample_flags` of a run of samples, as fragments have them. */
export function flagColumn({ samples: { flags } }: Track, from: number, count: number): Uint32Array {
  const sampleFlags = new Uint32Array(count);
  for (let i = 0; i < count; i++) sampleFlags[i] = withDependence(toSampleFlags(flags?.[from + i] ?? 0));
  return sampleFlags;
}

const DEPENDS_MASK = 0x03000000;
const DEPENDS_ON_OTHERS = 0x01000000;
const DEPENDS_ON_NONE = 0x02000000;

/** Players read sample_depends_on to find key frames; where the input says nothing, sync samples depend on none. */
function withDependence(flags: number): number {
  if ((flags & DEPENDS_MASK) !== 0) return flags >>> 0;
  return (flags | (flags & 0x10000 ? DEPENDS_ON_OTHERS : DEPENDS_ON_NONE)) >>> 0;
}

function mdatHeader(mediaBytes: number): Uint8Array {
  return new ByteWriter(8)
    .u32(mediaBytes + 8)
    .fourcc('mdat')
    .finish();
}

function sumLengths(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
