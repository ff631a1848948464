import { GrowingColumn, makeColumn } from '../bytes/columns.js';
import { ByteReader } from '../bytes/reader.js';
import { type ByteSource, readBytes } from '../bytes/source.js';
import type { IvPlan } from '../cenc/iv.js';
import {
  hasPattern,
  isSamePattern,
  isSchemeName,
  NO_PATTERN,
  type Pattern,
  SCHEMES,
} from '../cenc/scheme.js';
import { type ErrorCode, malformed, PrpackError } from '../errors.js';
import { type AuxInfoKind, CENC_SCHEMES, readAuxInfoKind } from '../isobmff/boxes/aux-info.js';
import { readVersionAndFlags } from '../isobmff/boxes/box.js';
import { fourthEditionProblem, SEVERAL_KEYS } from '../isobmff/boxes/fourth-edition.js';
import { PIFF_SENC } from '../isobmff/boxes/piff.js';
import { readSaio } from '../isobmff/boxes/saio.js';
import { readSaiz } from '../isobmff/boxes/saiz.js';
import type { Seig } from '../isobmff/boxes/seig.js';
import {
  readSenc,
  readSencOverride,
  type SencColumns,
  type SubsampleColumns,
} from '../isobmff/boxes/senc.js';
import type { Sinf } from '../isobmff/boxes/sinf.js';
import type { Tenc } from '../isobmff/boxes/tenc.js';
import { moofAt } from '../isobmff/fragments.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf, type SampleEntry } from '../isobmff/sample-entry.js';
import { entryRunAt } from '../isobmff/sample-table.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';
import { groupRuns, type KeyGroups, NO_KEY_GROUPS, readKeyGroups } from './key-groups.js';
import { KeyTally, type KeyUse } from './key-tally.js';
import type { TrackProtection } from './track-protection.js';

/** The protection of a track as its file tells it. */
export interface ReadProtection extends Omit<TrackProtection, 'scheme'> {
  /** As in `schm`: `cenc`, `cbcs`, …; PIFF is told by its cipher, `cenc` for AES-CTR. */
  readonly scheme: string;
  readonly tenc: Tenc;
}

/** What could be read of the protection of a track: all of it, or as much as there was before a problem. */
export interface ProtectionFinding {
  readonly track: Track;
  /** Keys in the order of their first samples; without any, no sample entry or group could be read. */
  readonly keys: readonly KeyUse[];
  readonly clearSamples: number;
  /** Bytes of the per-sample IV; undefined as long as no sample is protected. */
  readonly ivSize: number | undefined;
  /** Absent when there is a problem. */
  readonly protection?: ReadProtection;
  /** Why the samples cannot be decrypted. */
  readonly problem?: PrpackError;
}

/** Whether any sample entry of the track is protected. */
export function isProtected(track: Track): boolean {
  return track.entries.some((entry) => entry.protection !== undefined);
}

/**
 * The scheme of a protected track and the defaults of its first protected entry.
 * @throws PrpackError UNSUPPORTED_SCHEME
 */
export function schemeOf(track: Track): SchemeOfEntry {
  let found: SchemeOfEntry | undefined;
  for (const entry of track.entries) {
    if (!entry.protection) continue;
    const other = schemeOfEntry(track, entry);
    found ??= other;
    if (other.scheme !== found.scheme) throw severalSchemes(track, found, other);
  }
  return found!;
}

interface SchemeOfEntry {
  readonly scheme: string;
  readonly tenc: Tenc;
}

function severalSchemes(track: Track, found: SchemeOfEntry, other: SchemeOfEntry): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_SCHEME',
    `track ${track.id} is protected by '${found.scheme}' and by '${other.scheme}'`,
    {
      boxPath: `${track.stbl.path}/stsd`,
      offsetBytes: track.stbl.startBytes,
      remedy: 'Split the file where the scheme changes.',
    },
  );
}

function schemeOfEntry(track: Track, entry: SampleEntry): SchemeOfEntry {
  const sinf = entry.protection!;
  if (sinf.tencProblem) throw sinf.tencProblem;
  const scheme = cipherScheme(sinf);
  if (scheme !== undefined && sinf.tenc) {
    if (sinf.tenc.hasReservedPattern && isSchemeName(scheme) && hasPattern(SCHEMES[scheme])) {
      throw ambiguousPattern(track, entry);
    }
    return { scheme, tenc: sinf.tenc };
  }
  throw new PrpackError(
    'UNSUPPORTED_SCHEME',
    `track ${track.id} is protected by ${scheme === undefined ? 'a scheme that it does not name' : `'${scheme}'`}`,
    {
      boxPath: `${entry.node.path}/sinf`,
      offsetBytes: entry.node.startBytes,
      clause: 'ISO/IEC 23001-7 8.2',
      remedy: 'Only Common Encryption and PIFF can be read.',
    },
  );
}

/** By the standard there is no pattern; the writer may have meant one all the same, and nothing tells which samples come out right. */
function ambiguousPattern({ id }: Track, { node }: SampleEntry): PrpackError {
  return malformed(`track ${id}: tenc of version 0 has a pattern, which version 1 alone can have`, {
    boxPath: `${node.path}/sinf/schi/tenc`,
    offsetBytes: node.startBytes,
    expected: 'version 1, or zero in the reserved byte',
    clause: 'ISO/IEC 23001-7 8.2.2',
    remedy: 'Have the packager that wrote the file write tenc of version 1 for schemes with patterns.',
  });
}

/** The scheme that PIFF's ciphers are one of; PIFF without a default cipher names it in its fragments, where it is AES-CTR. */
const SCHEME_OF_PIFF = ['cenc', 'cenc', 'cbc1'];

function cipherScheme({ schemeType, piffAlgorithmId }: Sinf): string | undefined {
  return piffAlgorithmId === undefined ? schemeType : SCHEME_OF_PIFF[piffAlgorithmId];
}

/**
 * Reads IVs, subsamples and key ids of all samples of the protected tracks.
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_SCHEME, UNSUPPORTED_FEATURE
 */
export function readProtections(movie: Movie, source: ByteSource): ReadProtection[] {
  const protections: ReadProtection[] = [];
  for (const { protection, problem } of findProtections(movie, source)) {
    if (!protection) throw problem;
    protections.push(protection);
  }
  return protections;
}

/**
 * As `readProtections`, but for looking at a file: what is wrong with a track's protection, or not understood, ends
 * neither the reading of its keys nor that of the other tracks.
 */
export function findProtections(movie: Movie, source: ByteSource): ProtectionFinding[] {
  const collectors = new Map<number, Collector>();
  const findings: (() => ProtectionFinding)[] = [];
  for (const track of movie.tracks) {
    if (!isProtected(track)) continue;
    const defaults = attempt(() => schemeOf(track));
    if (defaults instanceof PrpackError) {
      findings.push(() => unreadable(track, defaults));
      continue;
    }
    const collector = new Collector(track, defaults);
    collectors.set(track.index, collector);
    findings.push(() => collector.finish());
  }
  for (const collector of collectors.values()) readFromMoov(collector, movie, source);
  readFromMoofs(collectors, movie, source);
  const found: ProtectionFinding[] = [];
  for (const finish of findings) found.push(finish());
  return found;
}

function unreadable(track: Track, problem: PrpackError): ProtectionFinding {
  return { track, keys: [], clearSamples: 0, ivSize: undefined, problem };
}

/** Failures that say something of the file; all others, such as a disk that cannot be read, end the work. */
const FINDINGS: ReadonlySet<ErrorCode> = new Set([
  'MALFORMED_INPUT',
  'TRUNCATED_INPUT',
  'UNSUPPORTED_FEATURE',
  'UNSUPPORTED_SCHEME',
]);

/** What the work returns, or the problem of the file that it throws. */
export function attempt<T>(work: () => T): T | PrpackError {
  try {
    return work();
  } catch (error) {
    if (error instanceof PrpackError && FINDINGS.has(error.code)) return error;
    throw error;
  }
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
  readonly trackGroups: KeyGroups;
}

function readFromMoov(collector: Collector, movie: Movie, source: ByteSource): void {
  const { track } = collector;
  collector.readTrackGroups(movie.moov);
  if (track.samplesInMoov === 0) return;
  // `senc` belongs into `trak` (23001-7 7.2); some writers put it into `stbl`.
  const boxes = [...track.node.children, ...track.stbl.children];
  const run = {
    count: track.samplesInMoov,
    parent: track.stbl,
    boxes,
    slice: movie.moov,
    baseBytes: 0,
    trackGroups: collector.trackGroups,
  };
  collector.add(run, source);
}

function readFromMoofs(collectors: ReadonlyMap<number, Collector>, movie: Movie, source: ByteSource): void {
  const { fragments } = movie;
  if (collectors.size === 0) return;
  for (let index = 0; index < fragments.count; index++) {
    const moof = moofAt(movie, source, index);
    const { bases } = moof;
    for (const [i, traf] of moof.trafs.entries()) {
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

/** Key numbers have 16 bits, and 0 is none. */
const MAX_KEYS = 0xffff;

/** How a protected sample is protected. */
interface Settings {
  readonly kid: string;
  /** Bytes of the per-sample IV; 0 where the IV is constant. */
  readonly ivSize: number;
  readonly constantIv?: Uint8Array | undefined;
  readonly pattern: Pattern;
}

/** Consecutive samples under the same settings; without any they are clear. */
interface SettingsRun {
  readonly count: number;
  readonly settings: Settings | undefined;
}

function settingsOfEntry({ protection }: SampleEntry): Settings | undefined {
  const tenc = protection?.tenc;
  if (!tenc?.defaultIsProtected) return undefined;
  return {
    kid: tenc.defaultKid,
    ivSize: tenc.defaultPerSampleIvSize,
    constantIv: tenc.defaultConstantIv,
    pattern: { cryptByteBlock: tenc.defaultCryptByteBlock, skipByteBlock: tenc.defaultSkipByteBlock },
  };
}

function settingsOfGroup(group: Seig): Settings | undefined {
  const { isProtected, kid, perSampleIvSize, constantIv, cryptByteBlock, skipByteBlock } = group;
  if (!isProtected) return undefined;
  return { kid, ivSize: perSampleIvSize, constantIv, pattern: { cryptByteBlock, skipByteBlock } };
}

/** Collects the protection of one track, run after run; after a problem, only which keys there are. */
class Collector {
  readonly track: Track;
  trackGroups: KeyGroups = NO_KEY_GROUPS;
  readonly #scheme: string;
  readonly #tenc: Tenc;
  readonly #ivs: GrowingColumn<'u8'>;
  readonly #subsamples = new SubsampleColumnsBuilder();
  readonly #kids: string[] = [];
  readonly #numberOf = new Map<string, number>();
  readonly #keyNumbers: GrowingColumn<'u16'>;
  readonly #tally = new KeyTally();
  /** Known from the first protected sample on. */
  #ivSize: number | undefined;
  #pattern: Pattern | undefined;
  /** Where samples have a constant IV: which one, from which sample on. */
  readonly #constantIvs: { readonly firstSample: number; readonly iv: Uint8Array }[] = [];
  #count = 0;
  #problem: PrpackError | undefined;

  constructor(track: Track, { scheme, tenc }: { scheme: string; tenc: Tenc }) {
    this.track = track;
    this.#scheme = scheme;
    this.#tenc = tenc;
    this.#ivs = new GrowingColumn('u8', track.samples.count * tenc.defaultPerSampleIvSize);
    this.#keyNumbers = new GrowingColumn('u16', track.samples.count);
  }

  readTrackGroups(moov: FileSlice): void {
    const groups = this.#attempt(() => readKeyGroups(this.track.stbl.children, moov));
    if (groups) this.trackGroups = groups;
  }

  add(run: SampleRun, source: ByteSource): void {
    const settingsRuns = this.#attempt(() => piffOverride(run) ?? this.#settingsRuns(run));
    if (settingsRuns) {
      const columns = this.#problem
        ? undefined
        : this.#attempt(() => this.#addRun(run, settingsRuns, source));
      this.#addToTally(settingsRuns, columns?.subsamples);
    }
    this.#count += run.count;
  }

  finish(): ProtectionFinding {
    const { track } = this;
    const { uses: keys, clearSamples } = this.#tally;
    const found = { track, keys, clearSamples, ivSize: this.#ivSize };
    return this.#problem ? { ...found, problem: this.#problem } : { ...found, protection: this.#finish() };
  }

  #finish(): ReadProtection {
    const isSingle = this.#kids.length === 1 && !this.#keyNumbers.finish().includes(0);
    return {
      track: this.track,
      scheme: this.#scheme,
      tenc: this.#tenc,
      pattern: this.#pattern ?? NO_PATTERN,
      ivPlan: this.#ivPlan(),
      subsamples: this.#subsamples.finish(),
      kids: this.#kids.length > 0 ? this.#kids : [this.#tenc.defaultKid],
      keyNumbers: isSingle || this.#count === 0 ? undefined : this.#keyNumbers.finish(),
    };
  }

  /** What the work returns; nothing when it finds a problem, of which the first is kept. */
  #attempt<T>(work: () => T): T | undefined {
    const result = attempt(work);
    if (!(result instanceof PrpackError)) return result;
    this.#problem ??= result;
    return undefined;
  }

  #addToTally(settingsRuns: readonly SettingsRun[], subsamples: SubsampleColumns | undefined): void {
    let row = 0;
    for (const { count, settings } of settingsRuns) {
      this.#tally.add(settings?.kid, this.#count + row, count, subsamples, row);
      row += count;
    }
  }

  /** @returns the IVs and subsamples that were added, where there are any */
  #addRun(run: SampleRun, settingsRuns: readonly SettingsRun[], source: ByteSource): SencColumns | undefined {
    let first = this.#count;
    for (const { count, settings } of settingsRuns) {
      this.#addKeys(first, count, settings, run);
      first += count;
    }
    const ivSize = settingsRuns.find(({ settings }) => settings)?.settings?.ivSize;
    if (ivSize !== undefined) return this.#addProtected(run, ivSize, source);
    this.#addWholeSamples(run.count);
    return undefined;
  }

  #ivPlan(): IvPlan {
    const [constant, ...others] = this.#constantIvs;
    const ivSize = this.#ivSize ?? this.#tenc.defaultPerSampleIvSize;
    if (ivSize === 0 && others.length > 0) return this.#listConstantIvs();
    const iv = constant?.iv ?? this.#tenc.defaultConstantIv;
    if (ivSize === 0 && iv) return { kind: 'constant', iv };
    const ivSizeBytes = ivSize === 16 ? 16 : 8;
    this.#ivs.fill(0, this.#count * ivSizeBytes - this.#ivs.length);
    return { kind: 'listed', ivSizeBytes, ivs: this.#ivs.finish() };
  }

  /** Where keys have constant IVs of their own, each sample is given that of its key. */
  #listConstantIvs(): IvPlan {
    const ivs = makeColumn('u8', 16 * this.#count);
    for (const [i, { firstSample, iv }] of this.#constantIvs.entries()) {
      const end = this.#constantIvs[i + 1]?.firstSample ?? this.#count;
      for (let sample = firstSample; sample < end; sample++) ivs.set(iv, 16 * sample);
    }
    return { kind: 'listed', ivSizeBytes: 16, ivs };
  }

  /** The samples of a run in settingsRuns under the same settings: of their key group, else of their sample entry. */
  #settingsRuns(run: SampleRun): SettingsRun[] {
    const { samples, entries } = this.track;
    const runs: SettingsRun[] = [];
    const end = this.#count + run.count;
    let at = this.#count;
    for (const { count, group } of groupRuns(run.boxes, run.slice, run.trackGroups)) {
      const groupEnd = Math.min(at + count, end);
      while (at < groupEnd) {
        const entryRun = entryRunAt(samples, at);
        const entryEnd = samples.entryRuns[entryRun + 1]?.firstSample ?? end;
        const stop = group ? groupEnd : Math.min(entryEnd, groupEnd);
        const entry = entries[samples.entryRuns[entryRun].entryIndex - 1];
        runs.push({ count: stop - at, settings: group ? settingsOfGroup(group) : settingsOfEntry(entry) });
        at = stop;
      }
    }
    return runs;
  }

  /** @param settings undefined when the samples are clear */
  #addKeys(first: number, count: number, settings: Settings | undefined, run: SampleRun): void {
    this.#keyNumbers.fill(settings ? this.#keyNumber(settings.kid) : 0, count);
    if (!settings) return;
    if (this.#ivSize === undefined) {
      this.#ivSize = settings.ivSize;
      this.#ivs.fill(0, this.#count * settings.ivSize);
    }
    if (settings.ivSize !== this.#ivSize) throw mixedIvSizes(run.parent);
    this.#pattern ??= settings.pattern;
    if (!isSamePattern(settings.pattern, this.#pattern)) throw mixedPatterns(run.parent);
    const { constantIv: iv } = settings;
    const last = this.#constantIvs.at(-1);
    if (iv && !(last && Buffer.compare(last.iv, iv) === 0))
      this.#constantIvs.push({ firstSample: first, iv });
  }

  #keyNumber(kid: string): number {
    const known = this.#numberOf.get(kid);
    if (known !== undefined) return known;
    this.#kids.push(kid);
    this.#numberOf.set(kid, this.#kids.length);
    if (this.#kids.length > MAX_KEYS) {
      throw new PrpackError('UNSUPPORTED_FEATURE', `track ${this.track.id} uses more than ${MAX_KEYS} keys`, {
        boxPath: this.track.node.path,
        remedy: 'Split the file into shorter ones.',
      });
    }
    return this.#kids.length;
  }

  #addProtected(run: SampleRun, ivSize: number, source: ByteSource): SencColumns | undefined {
    const columns = readColumns(run, ivSize, source);
    if (columns) this.#addColumns(columns, run);
    // 23001-7 10.4: without auxiliary information samples are protected as a whole, by the track's constant IV.
    else if (ivSize === 0 && this.#scheme === 'cbcs') this.#addWholeSamples(run.count);
    else throw missingIvs(run.parent);
    return columns;
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
    if (columns.subsamples) this.#assertSums(columns.subsamples, sizes, run);
    this.#subsamples.add(columns.subsamples, sizes);
  }

  #assertSums(subsamples: SubsampleColumns, sizes: Uint32Array, run: SampleRun): void {
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
function piffOverride(run: SampleRun): SettingsRun[] | undefined {
  const piff = run.boxes.find((box) => box.userType === PIFF_SENC);
  const override = piff && readSencOverride(readerOf(piff, run.slice));
  if (!override) return undefined;
  const { algorithmId, kid, ivSize } = override;
  if (algorithmId === 2) throw overrideOfCipher(piff);
  return [
    { count: run.count, settings: algorithmId === 0 ? undefined : { kid, ivSize, pattern: NO_PATTERN } },
  ];
}

/** From `senc`, its PIFF form, or `saiz` and `saio`; undefined when none is there. */
function readColumns(run: SampleRun, ivSize: number, source: ByteSource): SencColumns | undefined {
  const saiz = findAuxiliary(run, 'saiz');
  const saio = findAuxiliary(run, 'saio');
  const senc = run.boxes.find((box) => box.type === 'senc');
  if (senc) return readSenc(readerOf(senc, run.slice), ivSize);
  const piff = run.boxes.find((box) => box.userType === PIFF_SENC);
  if (piff) return readSenc(readerOf(piff, run.slice), ivSize);
  return saiz && saio && readAuxiliary(run, saiz, saio, ivSize, source);
}

/** The `saiz` or `saio` of the protection; there may be others, of other auxiliary information (14496-12 8.7.8.3). */
function findAuxiliary(run: SampleRun, type: 'saiz' | 'saio'): BoxNode | undefined {
  return run.boxes.find((box) => {
    if (box.type !== type) return false;
    const reader = readerOf(box, run.slice);
    const { auxInfoType, auxInfoTypeParameter }: AuxInfoKind = readAuxInfoKind(
      reader,
      readVersionAndFlags(reader, 1).flags,
    );
    if (auxInfoType !== undefined && !CENC_SCHEMES.has(auxInfoType)) return false;
    if (auxInfoTypeParameter === MULTI_KEY_PARAMETER) throw fourthEditionProblem(reader, SEVERAL_KEYS, 0);
    return true;
  });
}

/** aux_info_type_parameter of auxiliary information whose subsamples name their keys (23001-7:2023 7.1). */
const MULTI_KEY_PARAMETER = 1;

/** Sample auxiliary information that lies anywhere in the file (14496-12 8.7.8, 8.7.9), laid out like `senc` entries. */
function readAuxiliary(
  run: SampleRun,
  saizNode: BoxNode,
  saioNode: BoxNode,
  ivSize: number,
  source: ByteSource,
): SencColumns | undefined {
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

function mixedPatterns(parent: BoxNode): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${parent.path}: key groups of different patterns in one track`,
    {
      boxPath: parent.path,
      offsetBytes: parent.startBytes,
      clause: 'ISO/IEC 23001-7 9.6',
      remedy: 'Split the file where the pattern changes.',
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
  return new PrpackError(
    'UNSUPPORTED_SCHEME',
    `${piff.path}: a fragment is encrypted by AES-CBC, unlike its track`,
    {
      boxPath: piff.path,
      offsetBytes: piff.startBytes,
      remedy: 'One algorithm for all fragments of a track is understood; use another tool for this file.',
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
