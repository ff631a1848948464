import { makeColumn } from '../bytes/columns.js';
import { MemorySource } from '../bytes/source.js';
import { ByteWriter } from '../bytes/writer.js';
import { PrpackError } from '../errors.js';
import { box } from '../isobmff/boxes/box.js';
import { withTimescale } from '../isobmff/boxes/duration.js';
import { writeFtyp } from '../isobmff/boxes/ftyp.js';
import { writeMfhd } from '../isobmff/boxes/mfhd.js';
import { writePiffPssh, writePiffSenc, writePiffSinf } from '../isobmff/boxes/piff.js';
import { readPssh } from '../isobmff/boxes/pssh.js';
import { writeSenc } from '../isobmff/boxes/senc.js';
import { writeTfdt } from '../isobmff/boxes/tfdt.js';
import { writeTfhd } from '../isobmff/boxes/tfhd.js';
import { sizeOfMfra, writeMfra } from '../isobmff/boxes/tfra.js';
import { sampleDefaultsOf, sizeOfTrun, type TrunColumns, writeTrun } from '../isobmff/boxes/trun.js';
import { type Movie, readMovie } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { type BoxEdit, REMOVED, rebuildBox } from '../isobmff/splice.js';
import { type BoxNode, bytesOf, findChild, requirePath } from '../isobmff/walk.js';
import { sencColumns, type TrackEncryption } from '../protection/track-protection.js';
import { named } from '../settings/spelling.js';
import { flagColumn } from './fragment-writer.js';
import type { FragmentedPlan } from './fragmented-plan.js';
import type { OutputPlan, Piece } from './output-plan.js';
import { type CutTrack, SMOOTH_TIMESCALE_HZ, type SmoothTimes } from './smooth-times.js';

/** A track of an encrypted output, to be had once more in the boxes of PIFF. */
export interface PiffTrack extends CutTrack {
  /** The output that holds the encrypted samples: a CMAF track file, or its segments one behind the other. */
  readonly encrypted: FragmentedPlan;
  readonly encryption: TrackEncryption;
  readonly times: SmoothTimes;
  /** SystemID of the one protection system that `moov` names. */
  readonly systemId: string;
  /** Whether the output is the fragments alone, each a file of its own: clients are told the rest by the manifest. Default false. */
  readonly isSegmented?: boolean;
}

/**
 * The plan of a PIFF 1.1 file of one track, as Smooth Streaming serves it: `ftyp`, `moov`, a `moof` and `mdat` a fragment, and `mfra` to find them.
 * Or its fragments alone, as clients get them. Its source is the encrypted output, whose samples it copies as they are.
 */
export class PiffPlan implements OutputPlan {
  readonly sizeBytes: number;
  /** Segment 0 is `ftyp` and `moov`; then one segment a fragment; last, `mfra`. The first and the last may be empty. */
  readonly segmentStartBytes: Float64Array;
  readonly fragmentCount: number;
  /** `ftyp` and `moov`, whether they are part of the output or not. */
  readonly head: Uint8Array;
  readonly #of: PiffTrack;
  readonly #columns: TrunColumns;

  /** @throws PrpackError UNSUPPORTED_FEATURE where a fragment is too large */
  constructor(of: PiffTrack) {
    const { track, cuts, times } = of;
    this.#of = of;
    this.fragmentCount = cuts.count;
    const { durations, compositionOffsets } = times;
    const { sizes, count } = track.samples;
    const flags = flagColumn(track, 0, count);
    this.#columns = { durations, sizes, flags, ...(compositionOffsets && { compositionOffsets }) };
    this.head = concat([writeFtyp(PIFF_BRANDS), piffMoov(of)]);
    this.segmentStartBytes = makeColumn('f64', this.fragmentCount + 3);
    this.segmentStartBytes[1] = of.isSegmented ? 0 : this.head.length;
    for (let fragment = 0; fragment < this.fragmentCount; fragment++) {
      this.segmentStartBytes[fragment + 2] =
        this.segmentStartBytes[fragment + 1] + this.#sizeOfFragment(fragment);
    }
    const indexBytes = of.isSegmented ? 0 : sizeOfMfra(this.fragmentCount);
    this.sizeBytes = this.segmentStartBytes[this.fragmentCount + 1] + indexBytes;
    this.segmentStartBytes[this.fragmentCount + 2] = this.sizeBytes;
  }

  /** Bytes of all fragments: `moof` and `mdat`. */
  get mediaBytes(): number {
    return this.segmentStartBytes[this.fragmentCount + 1] - this.segmentStartBytes[1];
  }

  /** Bytes of each fragment: `moof` and `mdat`. */
  get fragmentBytes(): number[] {
    const starts = this.segmentStartBytes.subarray(1, this.fragmentCount + 2);
    return Array.from({ length: this.fragmentCount }, (_, i) => starts[i + 1] - starts[i]);
  }

  pieces(segment: number): readonly Piece[] {
    const fragment = segment - 1;
    const isMedia = fragment >= 0 && fragment < this.fragmentCount;
    if (!isMedia && this.#of.isSegmented) return [];
    if (segment === 0) return [{ kind: 'literal', bytes: this.head }];
    if (!isMedia) return [{ kind: 'literal', bytes: this.#index() }];
    const lengthBytes = this.#mediaBytes(fragment);
    const header = concat([this.#moof(fragment), mdatHeader(lengthBytes)]);
    // The samples are what each fragment of the encrypted output ends with.
    const inputBytes = this.#of.encrypted.segmentStartBytes[fragment + 2] - lengthBytes;
    const media: Piece[] = lengthBytes > 0 ? [{ kind: 'copy', inputBytes, lengthBytes }] : [];
    return [{ kind: 'literal', bytes: header }, ...media];
  }

  #range(fragment: number): { readonly first: number; readonly count: number } {
    const [firstSample] = this.#of.cuts.firstSample;
    return { first: firstSample[fragment], count: firstSample[fragment + 1] - firstSample[fragment] };
  }

  #mediaBytes(fragment: number): number {
    const { first, count } = this.#range(fragment);
    return this.#of.track.samples.sizes.subarray(first, first + count).reduce((sum, size) => sum + size, 0);
  }

  #sizeOfFragment(fragment: number): number {
    const size = this.#moof(fragment).length + MDAT_HEADER_BYTES + this.#mediaBytes(fragment);
    if (size <= 0x7fffffff) return size;
    throw new PrpackError('UNSUPPORTED_FEATURE', `fragment ${fragment + 1} would have ${size} bytes`, {
      expected: 0x7fffffff,
      received: size,
      clause: 'ISO/IEC 14496-12 8.8.8',
      remedy: `Use a shorter ${named('fragmentDurationSeconds')}.`,
    });
  }

  /** No flag but those that Smooth Streaming knows (MS-SSTR 2.2.4.7): data offsets of the only `traf` count from the `moof` all the same. */
  #moof(fragment: number): Uint8Array {
    const { track, encryption, times } = this.#of;
    const { first, count } = this.#range(fragment);
    const defaults = sampleDefaultsOf(this.#columns, first, count);
    const mfhd = writeMfhd({ sequenceNumber: fragment + 1 });
    const tfhd = writeTfhd({
      trackId: track.id,
      ...defaults,
      durationIsEmpty: false,
      defaultBaseIsMoof: false,
    });
    const tfdt = writeTfdt({ baseMediaDecodeTime: BigInt(times.starts[fragment]) });
    const senc = writePiffSenc(writeSenc(sencColumns(encryption, first, count)));
    const trunBytes = sizeOfTrun(this.#columns, first, count, defaults);
    const moofBytes = 8 + mfhd.length + 8 + tfhd.length + tfdt.length + trunBytes + senc.length;
    const trun = writeTrun(this.#columns, first, count, moofBytes + MDAT_HEADER_BYTES, defaults);
    return box('moof', mfhd, box('traf', tfhd, tfdt, trun, senc));
  }

  #index(): Uint8Array {
    const { track, times } = this.#of;
    const moofOffsets = this.segmentStartBytes.slice(1, this.fragmentCount + 1);
    return writeMfra({ trackId: track.id, times: BigUint64Array.from(times.starts, BigInt), moofOffsets });
  }
}

const MDAT_HEADER_BYTES = 8;

function mdatHeader(mediaBytes: number): Uint8Array {
  return new ByteWriter(MDAT_HEADER_BYTES)
    .u32(mediaBytes + MDAT_HEADER_BYTES)
    .fourcc('mdat')
    .finish();
}

/** PIFF 1.1 4; `iso6` for `tfdt`. */
const PIFF_BRANDS = {
  majorBrand: 'isml',
  minorVersion: 1,
  compatibleBrands: ['isml', 'piff', 'iso2', 'iso6'],
};

/** The `moov` of the encrypted output in the boxes and the timescale of Smooth Streaming, without an edit list. */
function piffMoov({ encrypted, encryption, systemId }: PiffTrack): Uint8Array {
  const [head] = encrypted.pieces(0);
  const bytes = head.kind === 'literal' ? head.bytes.subarray(0, encrypted.places.initBytes) : NO_BYTES;
  const movie = readMovie(new MemorySource(bytes));
  const edits = new Map<BoxNode, BoxEdit>([
    ...psshEdits(movie, systemId),
    ...trackEdits(movie, encryption.tenc),
  ]);
  return rebuildBox(movie.moovNode, movie.moov, edits);
}

function psshEdits({ moovNode, moov }: Movie, systemId: string): [BoxNode, BoxEdit][] {
  const boxes = moovNode.children.filter(({ type }) => type === 'pssh');
  return boxes.map((node) => {
    const pssh = readPssh(readerOf(node, moov));
    return [node, pssh.systemId === systemId ? { replace: writePiffPssh(pssh) } : REMOVED];
  });
}

function trackEdits({ tracks: [track], moov }: Movie, tenc: TrackEncryption['tenc']): [BoxNode, BoxEdit][] {
  const mdhd = requirePath(track.node, 'mdia/mdhd', 'ISO/IEC 14496-12 8.4.2');
  const edts = findChild(track.node, 'edts');
  const sinfs = track.entries.map(({ node, format }): [BoxNode, BoxEdit] => [
    requirePath(node, 'sinf', 'ISO/IEC 14496-12 8.12'),
    { replace: writePiffSinf(format, tenc) },
  ]);
  return [
    [mdhd, { replace: withTimescale(bytesOf(mdhd, moov), SMOOTH_TIMESCALE_HZ) }],
    ...(edts ? [[edts, REMOVED] as [BoxNode, BoxEdit]] : []),
    ...sinfs,
  ];
}

const NO_BYTES = new Uint8Array();

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const writer = new ByteWriter(parts.reduce((sum, { length }) => sum + length, 0));
  for (const part of parts) writer.bytes(part);
  return writer.finish();
}
