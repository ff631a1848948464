import { GrowingColumn, makeColumn } from '../bytes/columns.js';
import { ByteReader } from '../bytes/reader.js';
import { type ByteSource, readBytes } from '../bytes/source.js';
import type { IvPlan } from '../cenc/iv.js';
import { malformed, PrpackError } from '../errors.js';
import { PIFF_SENC } from '../isobmff/boxes/piff.js';
import { readSaio } from '../isobmff/boxes/saio.js';
import { readSaiz } from '../isobmff/boxes/saiz.js';
import { FRAGMENT_GROUP_BASE, readSbgp } from '../isobmff/boxes/sbgp.js';
import type { Seig } from '../isobmff/boxes/seig.js';
import { readSenc, type SencColumns } from '../isobmff/boxes/senc.js';
import { readSgpd } from '../isobmff/boxes/sgpd.js';
import type { Tenc } from '../isobmff/boxes/tenc.js';
import { layoutOfMoof, readMoof, trafsOf } from '../isobmff/fragments.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf, type SampleEntry } from '../isobmff/sample-entry.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';
import type { TrackProtection } from './plan/track-protection.js';

/** The protection of a track as its file tells it. */
export interface ReadProtection extends Omit<TrackProtection, 'scheme'> {
  /** As in `schm`: `cenc`, `cbcs`, …; PIFF is told by its cipher, `cenc` for AES-CTR. */
  readonly scheme: string;
  readonly tenc: Tenc;
}

/** Whether any sample entry of the track is protected. */
export function isProtected(track: Track): boolean {
  return track.entries.some((entry) => entry.protection !== undefined);
}

/** The scheme of a protected track and the defaults of its first protected entry. */
export function schemeOf(track: Track): { scheme: string; tenc: Tenc } {
  const entry = track.entries.find(({ protection }) => protection)!;
  const { schemeType, tenc, piffAlgorithmId } = entry.protection!;
  if (!tenc) {
    throw new PrpackError(
      'UNSUPPORTED_SCHEME',
      `track ${track.id} is protected by '${schemeType ?? 'no scheme'}'`,
      {
        boxPath: `${entry.node.path}/sinf`,
        offsetBytes: entry.node.startBytes,
        clause: 'ISO/IEC 23001-7 8.2',
        remedy: 'Only Common Encryption and PIFF can be read.',
      },
    );
  }
  const piffScheme = piffAlgorithmId === undefined ? undefined : piffAlgorithmId === 1 ? 'cenc' : 'cbc1';
  return { scheme: piffScheme ?? schemeType ?? 'cenc', tenc };
}

/**
 * Reads IVs, subsamples and key ids of all samples of the protected tracks.
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_SCHEME, UNSUPPORTED_FEATURE
 */
export function readProtections(movie: Movie, source: ByteSource): ReadProtection[] {
  const collectors = new Map<number, Collector>();
  for (const track of movie.tracks) {
    if (isProtected(track)) collectors.set(track.index, new Collector(track));
  }
  for (const collector of collectors.values()) readFromMoov(collector, movie, source);
  readFromMoofs(collectors, movie, source);
  return [...collectors.values()].map((collector) => collector.finish());
}

/** A run of samples whose protection is told by one `senc`, or by `saiz` and `saio`. */
interface SampleRun {
  readonly count: number;
  readonly parent: BoxNode;
  /** Boxes that may tell it: `senc`, `saiz`, `saio`, `sgpd`, `sbgp`. */
  readonly boxes: readonly BoxNode[];
  readonly slice: FileSlice;
  /** What `saio` offsets are relative to. */
  readonly baseBytes: number;
  /** The track's own groups, which the run may refer to. */
  readonly trackGroups: readonly Seig[];
}

function readFromMoov(collector: Collector, movie: Movie, source: ByteSource): void {
  const { track } = collector;
  const trackGroups = seigGroups(track.stbl.children, movie.moov);
  collector.trackGroups = trackGroups;
  if (track.samplesInMoov === 0) return;
  // `senc` belongs into `trak` (23001-7 7.2); some writers put it into `stbl`.
  const boxes = [...track.node.children, ...track.stbl.children];
  const run = {
    count: track.samplesInMoov,
    parent: track.stbl,
    boxes,
    slice: movie.moov,
    baseBytes: 0,
    trackGroups,
  };
  collector.add(run, source);
}

function readFromMoofs(collectors: ReadonlyMap<number, Collector>, movie: Movie, source: ByteSource): void {
  const { fragments, topLevel, tracks } = movie;
  if (collectors.size === 0) return;
  for (let index = 0; index < fragments.count; index++) {
    const moof = readMoof(source, topLevel, fragments.runs[index]);
    const layouts = layoutOfMoof(moof, (id) => tracks.find((track) => track.id === id)?.trex);
    for (const [i, traf] of trafsOf(moof.node).entries()) {
      const row = fragments.firstTraf[index] + i;
      const collector = collectors.get(fragments.trafTrack[row]);
      const count = fragments.trafSampleCount[row];
      if (!collector || count === 0) continue;
      const { trackGroups } = collector;
      const { slice } = moof;
      const { baseBytes } = layouts[i];
      collector.add({ count, parent: traf, boxes: traf.children, slice, baseBytes, trackGroups }, source);
    }
  }
}

/** Collects the protection of one track, run after run. */
class Collector {
  readonly track: Track;
  trackGroups: readonly Seig[] = [];
  readonly #scheme: string;
  readonly #tenc: Tenc;
  readonly #ivs = new GrowingColumn('u8');
  readonly #starts = new GrowingColumn('u32');
  readonly #clearBytes = new GrowingColumn('u16');
  readonly #protectedBytes = new GrowingColumn('u32');
  readonly #kids: string[] = [];
  readonly #keyNumbers = new GrowingColumn('u8');
  #hasSubsamples = false;
  #count = 0;

  constructor(track: Track) {
    this.track = track;
    const { scheme, tenc } = schemeOf(track);
    this.#scheme = scheme;
    this.#tenc = tenc;
    this.#starts.push(0);
  }

  get #ivSize(): number {
    return this.#tenc.defaultPerSampleIvSize;
  }

  add(run: SampleRun, source: ByteSource): void {
    const entry = this.#entryAt(this.#count);
    const columns = entry.protection ? readColumns(run, this.#ivSize, source) : undefined;
    this.#addKeys(run, entry);
    if (columns) this.#addColumns(columns, run);
    else this.#addWhole(run, entry);
    this.#count += run.count;
  }

  finish(): ReadProtection {
    const isSingle = this.#kids.length === 1 && !this.#keyNumbers.finish().includes(0);
    const starts = this.#starts.finish();
    return {
      track: this.track,
      scheme: this.#scheme,
      tenc: this.#tenc,
      ivPlan: this.#ivPlan(),
      subsamples: this.#hasSubsamples
        ? { starts, clearBytes: this.#clearBytes.finish(), protectedBytes: this.#protectedBytes.finish() }
        : undefined,
      kids: this.#kids.length > 0 ? this.#kids : [this.#tenc.defaultKid],
      keyNumbers: isSingle || this.#count === 0 ? undefined : this.#keyNumbers.finish(),
    };
  }

  #ivPlan(): IvPlan {
    const { defaultConstantIv } = this.#tenc;
    if (this.#ivSize === 0 && defaultConstantIv) return { kind: 'constant', iv: defaultConstantIv };
    return { kind: 'listed', ivSizeBytes: this.#ivSize === 16 ? 16 : 8, ivs: this.#ivs.finish() };
  }

  #entryAt(sample: number): SampleEntry {
    const { entryRuns } = this.track.samples;
    return this.track.entries[(entryRuns.findLast((run) => run.firstSample <= sample)?.entryIndex ?? 1) - 1];
  }

  #addKeys(run: SampleRun, entry: SampleEntry): void {
    const tenc = entry.protection?.tenc;
    const usual = tenc?.defaultIsProtected ? this.#keyNumber(tenc.defaultKid) : 0;
    let left = run.count;
    for (const { count, group } of groupRuns(run)) {
      const samples = Math.min(count, left);
      if (group?.isProtected && group.perSampleIvSize !== this.#ivSize) throw mixedIvSizes(run.parent);
      const number = group ? (group.isProtected ? this.#keyNumber(group.kid) : 0) : usual;
      this.#keyNumbers.fill(number, samples);
      left -= samples;
    }
    this.#keyNumbers.fill(usual, left);
  }

  #keyNumber(kid: string): number {
    const known = this.#kids.indexOf(kid);
    if (known >= 0) return known + 1;
    this.#kids.push(kid);
    if (this.#kids.length > 255) {
      throw new PrpackError('UNSUPPORTED_FEATURE', `track ${this.track.id} uses more than 255 keys`, {
        boxPath: this.track.node.path,
        remedy: 'Split the file into shorter ones.',
      });
    }
    return this.#kids.length;
  }

  #addColumns(columns: SencColumns, run: SampleRun): void {
    if (columns.sampleCount !== run.count) {
      throw malformed(`${run.parent.path}: the protection of ${columns.sampleCount} samples is told`, {
        boxPath: run.parent.path,
        offsetBytes: run.parent.startBytes,
        expected: run.count,
        received: columns.sampleCount,
        clause: 'ISO/IEC 23001-7 7.2',
      });
    }
    for (const byte of columns.ivs) this.#ivs.push(byte);
    const { subsamples } = columns;
    const { sizes } = this.track.samples;
    for (let i = 0; i < run.count; i++) {
      const size = sizes[this.#count + i];
      if (!subsamples) {
        this.#addSubsample(0, size);
        this.#closeSample();
        continue;
      }
      let sum = 0;
      for (let row = subsamples.starts[i]; row < subsamples.starts[i + 1]; row++) {
        this.#addSubsample(subsamples.clearBytes[row], subsamples.protectedBytes[row]);
        sum += subsamples.clearBytes[row] + subsamples.protectedBytes[row];
      }
      // An entry without subsamples in a box that has them: the whole sample is protected.
      if (subsamples.starts[i] === subsamples.starts[i + 1]) this.#addSubsample(0, size);
      else if (sum !== size) throw this.#wrongSum(run, this.#count + i, size, sum);
      this.#closeSample();
    }
    if (subsamples) this.#hasSubsamples = true;
  }

  /** Clear samples, or samples that are protected as a whole by the track's constant IV. */
  #addWhole(run: SampleRun, entry: SampleEntry): void {
    const needsIvs = this.#keyNumbers
      .finish()
      .subarray(this.#count)
      .some((number) => number > 0);
    if (entry.protection && needsIvs && this.#ivSize > 0) {
      throw malformed(`${run.parent.path}: IVs of protected samples are missing (senc, or saiz and saio)`, {
        boxPath: run.parent.path,
        offsetBytes: run.parent.startBytes,
        clause: 'ISO/IEC 23001-7 7.1',
      });
    }
    for (let i = 0; i < run.count; i++) {
      this.#addSubsample(0, this.track.samples.sizes[this.#count + i]);
      this.#closeSample();
    }
    this.#ivs.fill(0, run.count * this.#ivSize);
  }

  #addSubsample(clearBytes: number, protectedBytes: number): void {
    this.#clearBytes.push(clearBytes);
    this.#protectedBytes.push(protectedBytes);
  }

  #closeSample(): void {
    this.#starts.push(this.#clearBytes.length);
  }

  #wrongSum(run: SampleRun, sample: number, size: number, sum: number): PrpackError {
    return malformed(`track ${this.track.id}: the subsamples of sample ${sample} do not sum to its size`, {
      boxPath: `${run.parent.path}/senc`,
      offsetBytes: run.parent.startBytes,
      expected: size,
      received: sum,
      clause: 'ISO/IEC 23001-7 9.5',
    });
  }
}

/** From `senc`, its PIFF form, or `saiz` and `saio`; undefined when none is there. */
function readColumns(run: SampleRun, ivSize: number, source: ByteSource): SencColumns | undefined {
  const senc = run.boxes.find((box) => box.type === 'senc');
  if (senc) return readSenc(readerOf(senc, run.slice), ivSize);
  const piff = run.boxes.find((box) => box.userType === PIFF_SENC);
  if (piff) return readSenc(readerOf(piff, run.slice), ivSize);
  return readAuxiliary(run, ivSize, source);
}

/** Sample auxiliary information that lies anywhere in the file (14496-12 8.7.8, 8.7.9), laid out like `senc` entries. */
function readAuxiliary(run: SampleRun, ivSize: number, source: ByteSource): SencColumns | undefined {
  const saizNode = run.boxes.find((box) => box.type === 'saiz');
  const saioNode = run.boxes.find((box) => box.type === 'saio');
  if (!saizNode || !saioNode) return undefined;
  const saiz = readSaiz(readerOf(saizNode, run.slice));
  const saio = readSaio(readerOf(saioNode, run.slice));
  if (saiz.sampleCount !== run.count || saio.offsets.length !== 1) throw scatteredAuxiliary(saioNode);
  const sizes = makeColumn('u8', run.count);
  if (saiz.sizes) sizes.set(saiz.sizes);
  else sizes.fill(saiz.defaultSampleInfoSize);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  if (totalBytes === 0) return undefined;
  const offsetBytes = run.baseBytes + saio.offsets[0];
  const reader = new ByteReader(readBytes(source, offsetBytes, totalBytes), {
    boxPath: saioNode.path,
    offsetBytes,
  });
  return readEntries(reader, sizes, ivSize);
}

function readEntries(reader: ByteReader, sizes: Uint8Array, ivSize: number): SencColumns {
  const ivs = new Uint8Array(sizes.length * ivSize);
  const starts = new Uint32Array(sizes.length + 1);
  const clearBytes: number[] = [];
  const protectedBytes: number[] = [];
  for (const [i, size] of sizes.entries()) {
    ivs.set(reader.take(ivSize), i * ivSize);
    const count = size > ivSize ? reader.u16() : 0;
    for (let row = 0; row < count; row++) {
      clearBytes.push(reader.u16());
      protectedBytes.push(reader.u32());
    }
    starts[i + 1] = clearBytes.length;
  }
  const hasSubsamples = clearBytes.length > 0;
  return {
    sampleCount: sizes.length,
    ivSize,
    ivs,
    ...(hasSubsamples && {
      subsamples: {
        starts,
        clearBytes: Uint16Array.from(clearBytes),
        protectedBytes: Uint32Array.from(protectedBytes),
      },
    }),
  };
}

function seigGroups(boxes: readonly BoxNode[], slice: FileSlice): readonly Seig[] {
  for (const box of boxes) {
    if (box.type !== 'sgpd') continue;
    const { seig } = readSgpd(readerOf(box, slice));
    if (seig) return seig;
  }
  return [];
}

/** The key groups of the run's samples, in order; samples behind the last are in none. */
function* groupRuns(run: SampleRun): Generator<{ count: number; group: Seig | undefined }> {
  const own = seigGroups(run.boxes, run.slice);
  for (const box of run.boxes) {
    if (box.type !== 'sbgp') continue;
    const sbgp = readSbgp(readerOf(box, run.slice));
    if (sbgp.groupingType !== 'seig') continue;
    for (const [i, count] of sbgp.sampleCounts.entries()) {
      const index = sbgp.groupDescriptionIndexes[i];
      const isOwn = index > FRAGMENT_GROUP_BASE;
      const group = isOwn ? own[index - FRAGMENT_GROUP_BASE - 1] : run.trackGroups[index - 1];
      if (index > 0 && !group) throw unknownGroup(box, index);
      yield { count, group };
    }
    return;
  }
}

function unknownGroup(box: BoxNode, index: number): PrpackError {
  return malformed(`${box.path}: there is no key group ${index}`, {
    boxPath: box.path,
    offsetBytes: box.startBytes,
    received: index,
    clause: 'ISO/IEC 23001-7 6',
  });
}

function mixedIvSizes(parent: BoxNode): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${parent.path}: key groups of different IV sizes in one track`,
    {
      boxPath: parent.path,
      offsetBytes: parent.startBytes,
      clause: 'ISO/IEC 23001-7 6',
      remedy: 'Split the file where the IV size changes.',
    },
  );
}

function scatteredAuxiliary(saio: BoxNode): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${saio.path}: auxiliary information in several places`, {
    boxPath: saio.path,
    offsetBytes: saio.startBytes,
    clause: 'ISO/IEC 14496-12 8.7.9',
    remedy: 'Remux the file so that each fragment holds its senc in one box.',
  });
}
