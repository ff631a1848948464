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
import {
  readSenc,
  readSencOverride,
  type SencColumns,
  type SubsampleColumns,
} from '../isobmff/boxes/senc.js';
import { readGroupingType, readSgpd } from '../isobmff/boxes/sgpd.js';
import type { Tenc } from '../isobmff/boxes/tenc.js';
import { basesOfMoof, moofAt, trafsOf } from '../isobmff/fragments.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf, type SampleEntry } from '../isobmff/sample-entry.js';
import { entryRunAt } from '../isobmff/sample-table.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';
import type { TrackProtection } from './plan/track-protection.js';

/** The protection of a track as its file tells it. */
export interface ReadProtection extends Omit<TrackProtection, 'scheme' | 'pattern'> {
  /** As in `schm`: `cenc`, `cbcs`, …; PIFF is told by its cipher, `cenc` for AES-CTR. */
  readonly scheme: string;
  readonly tenc: Tenc;
}

/** Whether any sample entry of the track is protected. */
export function isProtected(track: Track): boolean {
  return track.entries.some((entry) => entry.protection !== undefined);
}

/**
 * The scheme of a protected track and the defaults of its first protected entry.
 * @throws PrpackError UNSUPPORTED_SCHEME
 */
export function schemeOf(track: Track): { scheme: string; tenc: Tenc } {
  const [first, ...others] = track.entries.filter(({ protection }) => protection);
  const found = schemeOfEntry(track, first);
  const other = others
    .map((entry) => schemeOfEntry(track, entry))
    .find(({ scheme }) => scheme !== found.scheme);
  if (!other) return found;
  throw new PrpackError(
    'UNSUPPORTED_SCHEME',
    `track ${track.id} is protected by '${found.scheme}' and by '${other.scheme}'`,
    {
      boxPath: `${track.stbl.path}/stsd`,
      offsetBytes: track.stbl.startBytes,
      remedy: 'Split the file where the scheme changes.',
    },
  );
}

function schemeOfEntry(track: Track, entry: SampleEntry): { scheme: string; tenc: Tenc } {
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
  const piffScheme = piffAlgorithmId === undefined ? undefined : piffAlgorithmId === 2 ? 'cbc1' : 'cenc';
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
  const { fragments, tracks } = movie;
  if (collectors.size === 0) return;
  for (let index = 0; index < fragments.count; index++) {
    const moof = moofAt(movie, source, index);
    const bases = basesOfMoof(moof, (id) => tracks.find((track) => track.id === id)?.trex);
    for (const [i, traf] of trafsOf(moof.node).entries()) {
      const row = fragments.firstTraf[index] + i;
      const collector = collectors.get(fragments.trafTrack[row]);
      const count = fragments.trafSampleCount[row];
      if (!collector || count === 0) continue;
      const { trackGroups } = collector;
      const { slice } = moof;
      const baseBytes = bases[i];
      collector.add({ count, parent: traf, boxes: traf.children, slice, baseBytes, trackGroups }, source);
    }
  }
}

/** How a protected sample is protected. */
interface Settings {
  readonly kid: string;
  /** Bytes of the per-sample IV; 0 where the IV is constant. */
  readonly ivSize: number;
}

/** Consecutive samples under the same settings; without any they are clear. */
interface Stretch {
  readonly count: number;
  readonly settings: Settings | undefined;
}

function settingsOfEntry({ protection }: SampleEntry): Settings | undefined {
  const tenc = protection?.tenc;
  return tenc?.defaultIsProtected ? { kid: tenc.defaultKid, ivSize: tenc.defaultPerSampleIvSize } : undefined;
}

function settingsOfGroup({ isProtected, kid, perSampleIvSize }: Seig): Settings | undefined {
  return isProtected ? { kid, ivSize: perSampleIvSize } : undefined;
}

/** Collects the protection of one track, run after run. */
class Collector {
  readonly track: Track;
  trackGroups: readonly Seig[] = [];
  readonly #scheme: string;
  readonly #tenc: Tenc;
  readonly #ivs: GrowingColumn<'u8'>;
  readonly #subsamples = new SubsampleColumnsBuilder();
  readonly #kids: string[] = [];
  readonly #keyNumbers: GrowingColumn<'u8'>;
  /** Known from the first protected sample on. */
  #ivSize: number | undefined;
  #count = 0;

  constructor(track: Track) {
    this.track = track;
    const { scheme, tenc } = schemeOf(track);
    this.#scheme = scheme;
    this.#tenc = tenc;
    this.#ivs = new GrowingColumn('u8', track.samples.count * tenc.defaultPerSampleIvSize);
    this.#keyNumbers = new GrowingColumn('u8', track.samples.count);
  }

  add(run: SampleRun, source: ByteSource): void {
    const stretches = piffOverride(run) ?? [...this.#stretches(run)];
    for (const { count, settings } of stretches) this.#addKeys(count, settings, run);
    const ivSize = stretches.find(({ settings }) => settings)?.settings?.ivSize;
    if (ivSize === undefined) this.#addWholeSamples(run.count);
    else this.#addProtected(run, ivSize, source);
    this.#count += run.count;
  }

  finish(): ReadProtection {
    const isSingle = this.#kids.length === 1 && !this.#keyNumbers.finish().includes(0);
    return {
      track: this.track,
      scheme: this.#scheme,
      tenc: this.#tenc,
      ivPlan: this.#ivPlan(),
      subsamples: this.#subsamples.finish(),
      kids: this.#kids.length > 0 ? this.#kids : [this.#tenc.defaultKid],
      keyNumbers: isSingle || this.#count === 0 ? undefined : this.#keyNumbers.finish(),
    };
  }

  #ivPlan(): IvPlan {
    const { defaultConstantIv } = this.#tenc;
    const ivSize = this.#ivSize ?? this.#tenc.defaultPerSampleIvSize;
    if (ivSize === 0 && defaultConstantIv) return { kind: 'constant', iv: defaultConstantIv };
    const ivSizeBytes = ivSize === 16 ? 16 : 8;
    this.#ivs.fill(0, this.#count * ivSizeBytes - this.#ivs.length);
    return { kind: 'listed', ivSizeBytes, ivs: this.#ivs.finish() };
  }

  /** The samples of a run in stretches under the same settings: of their key group, else of their sample entry. */
  *#stretches(run: SampleRun): Generator<Stretch> {
    const { samples, entries } = this.track;
    const end = this.#count + run.count;
    let at = this.#count;
    for (const { count, group } of groupRuns(run)) {
      const groupEnd = Math.min(at + count, end);
      while (at < groupEnd) {
        const entryRun = entryRunAt(samples, at);
        const entryEnd = samples.entryRuns[entryRun + 1]?.firstSample ?? end;
        const stop = group ? groupEnd : Math.min(entryEnd, groupEnd);
        const entry = entries[samples.entryRuns[entryRun].entryIndex - 1];
        yield { count: stop - at, settings: group ? settingsOfGroup(group) : settingsOfEntry(entry) };
        at = stop;
      }
    }
  }

  /** @param settings undefined when the samples are clear */
  #addKeys(count: number, settings: Settings | undefined, run: SampleRun): void {
    this.#keyNumbers.fill(settings ? this.#keyNumber(settings.kid) : 0, count);
    if (!settings) return;
    if (this.#ivSize === undefined) {
      this.#ivSize = settings.ivSize;
      this.#ivs.fill(0, this.#count * settings.ivSize);
    }
    if (settings.ivSize !== this.#ivSize) throw mixedIvSizes(run.parent);
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

  #addProtected(run: SampleRun, ivSize: number, source: ByteSource): void {
    const columns = readColumns(run, ivSize, source);
    if (columns) this.#addColumns(columns, run);
    // 23001-7 10.4: without auxiliary information samples are protected as a whole, by the track's constant IV.
    else if (ivSize === 0 && this.#scheme === 'cbcs') this.#addWholeSamples(run.count);
    else throw missingIvs(run.parent);
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
    this.#ivs.append(columns.ivs);
    const sizes = this.track.samples.sizes.subarray(this.#count, this.#count + run.count);
    if (columns.subsamples) this.#expectSums(columns.subsamples, sizes, run);
    this.#subsamples.add(columns.subsamples, sizes);
  }

  #expectSums(subsamples: SubsampleColumns, sizes: Uint32Array, run: SampleRun): void {
    const { starts, clearBytes, protectedBytes } = subsamples;
    for (const [i, size] of sizes.entries()) {
      if (starts[i] === starts[i + 1]) continue;
      let sum = 0;
      for (let row = starts[i]; row < starts[i + 1]; row++) sum += clearBytes[row] + protectedBytes[row];
      if (sum !== size) throw this.#wrongSum(run, this.#count + i, size, sum);
    }
  }

  #addWholeSamples(count: number): void {
    this.#subsamples.add(undefined, this.track.samples.sizes.subarray(this.#count, this.#count + count));
    this.#ivs.fill(0, count * (this.#ivSize ?? 0));
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

/** The subsamples of a track, run after run. Nothing is kept as long as all samples are protected as a whole. */
class SubsampleColumnsBuilder {
  readonly #starts = new GrowingColumn('u32');
  readonly #clearBytes = new GrowingColumn('u16');
  readonly #protectedBytes = new GrowingColumn('u32');
  /** Sizes of the samples before the first that has subsamples. */
  readonly #wholeSamples: Uint32Array[] = [];
  #hasSubsamples = false;

  constructor() {
    this.#starts.push(0);
  }

  /** @param subsamples absent when the samples are protected as a whole, or clear */
  add(subsamples: SubsampleColumns | undefined, sizes: Uint32Array): void {
    if (!subsamples && !this.#hasSubsamples) {
      this.#wholeSamples.push(sizes);
      return;
    }
    if (!this.#hasSubsamples) {
      this.#hasSubsamples = true;
      for (const before of this.#wholeSamples) for (const size of before) this.#addWhole(size);
    }
    for (const [i, size] of sizes.entries()) {
      const start = subsamples?.starts[i] ?? 0;
      const end = subsamples?.starts[i + 1] ?? 0;
      // An entry without subsamples in a box that has them: the whole sample is protected, if there is any of it.
      if (start === end) this.#addWhole(size);
      else this.#addRows(subsamples!, start, end);
    }
  }

  finish(): SubsampleColumns | undefined {
    if (!this.#hasSubsamples) return undefined;
    return {
      starts: this.#starts.finish(),
      clearBytes: this.#clearBytes.finish(),
      protectedBytes: this.#protectedBytes.finish(),
    };
  }

  #addWhole(size: number): void {
    if (size > 0) {
      this.#clearBytes.push(0);
      this.#protectedBytes.push(size);
    }
    this.#starts.push(this.#clearBytes.length);
  }

  #addRows({ clearBytes, protectedBytes }: SubsampleColumns, start: number, end: number): void {
    for (let row = start; row < end; row++) {
      this.#clearBytes.push(clearBytes[row]);
      this.#protectedBytes.push(protectedBytes[row]);
    }
    this.#starts.push(this.#clearBytes.length);
  }
}

/** PIFF 1.1 5.3.2.1: a fragment's own settings instead of the track's, for all its samples. */
function piffOverride(run: SampleRun): Stretch[] | undefined {
  const piff = run.boxes.find((box) => box.userType === PIFF_SENC);
  const override = piff && readSencOverride(readerOf(piff, run.slice));
  if (!override) return undefined;
  const { algorithmId, kid, ivSize } = override;
  if (algorithmId === 2) throw overrideOfCipher(piff);
  return [{ count: run.count, settings: algorithmId === 0 ? undefined : { kid, ivSize } }];
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
    if (isKeyGroup(box, 'sgpd', slice)) return readSgpd(readerOf(box, slice)).seig ?? [];
  }
  return [];
}

function isKeyGroup(box: BoxNode, type: 'sgpd' | 'sbgp', slice: FileSlice): boolean {
  return box.type === type && readGroupingType(readerOf(box, slice)) === 'seig';
}

/** The key groups of the run's samples, in order, until no sample can be left. */
function* groupRuns(run: SampleRun): Generator<{ count: number; group: Seig | undefined }> {
  const own = seigGroups(run.boxes, run.slice);
  for (const box of run.boxes) {
    if (!isKeyGroup(box, 'sbgp', run.slice)) continue;
    const sbgp = readSbgp(readerOf(box, run.slice));
    for (const [i, count] of sbgp.sampleCounts.entries()) {
      const index = sbgp.groupDescriptionIndexes[i];
      const isOwn = index > FRAGMENT_GROUP_BASE;
      const group = isOwn ? own[index - FRAGMENT_GROUP_BASE - 1] : run.trackGroups[index - 1];
      if (index > 0 && !group) throw unknownGroup(box, index);
      yield { count, group };
    }
    break;
  }
  yield { count: run.count, group: undefined };
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

function missingIvs(parent: BoxNode): PrpackError {
  return malformed(`${parent.path}: IVs of protected samples are missing (senc, or saiz and saio)`, {
    boxPath: parent.path,
    offsetBytes: parent.startBytes,
    clause: 'ISO/IEC 23001-7 7.1',
  });
}

function overrideOfCipher(piff: BoxNode): PrpackError {
  return new PrpackError('UNSUPPORTED_SCHEME', `${piff.path}: a fragment is encrypted by AES-CBC`, {
    boxPath: piff.path,
    offsetBytes: piff.startBytes,
    remedy: 'Only AES-CTR (cenc, PIFF) can be decrypted so far; use another tool for this file.',
  });
}

function scatteredAuxiliary(saio: BoxNode): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${saio.path}: auxiliary information in several places`, {
    boxPath: saio.path,
    offsetBytes: saio.startBytes,
    clause: 'ISO/IEC 14496-12 8.7.9',
    remedy: 'Remux the file so that each fragment holds its senc in one box.',
  });
}
