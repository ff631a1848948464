import type { ByteSource } from '../../bytes/source.js';
import { isSamePattern, NO_PATTERN, type Pattern } from '../../cenc/scheme.js';
import { malformed, PrpackError } from '../../errors.js';
import type { SencColumns, SubsampleColumns } from '../../isobmff/boxes/senc.js';
import type { Track } from '../../isobmff/movie.js';
import type { BoxNode, FileSlice } from '../../isobmff/walk.js';
import { type KeyGroups, NO_KEY_GROUPS, readKeyGroups } from '../key-groups.js';
import { KeyTally } from '../key-tally.js';
import { readColumns } from './auxiliary-info.js';
import type { SchemeOfEntry } from './entry-scheme.js';
import { attempt, type ProtectionFinding, type ReadProtection } from './finding.js';
import { IvBuilder } from './iv-builder.js';
import { KeyNumbers } from './key-numbers.js';
import type { SampleRun } from './sample-run.js';
import { type Settings, type SettingsRun, settingsRuns } from './settings-runs.js';
import { SubsamplesBuilder } from './subsamples-builder.js';

/** Collects the protection of one track, run after run; after a problem, only which keys there are. */
export class Collector {
  readonly track: Track;
  trackGroups: KeyGroups = NO_KEY_GROUPS;
  readonly #defaults: SchemeOfEntry;
  readonly #keys: KeyNumbers;
  readonly #ivs: IvBuilder;
  readonly #subsamples = new SubsamplesBuilder();
  readonly #tally = new KeyTally();
  /** Known from the first protected sample on. */
  #pattern: Pattern | undefined;
  #count = 0;
  #problem: PrpackError | undefined;

  constructor(track: Track, defaults: SchemeOfEntry) {
    this.track = track;
    this.#defaults = defaults;
    this.#keys = new KeyNumbers(track);
    this.#ivs = new IvBuilder(defaults.tenc);
  }

  readTrackGroups(moov: FileSlice): void {
    const groups = this.#attempt(() => readKeyGroups(this.track.stbl.children, moov));
    if (groups) this.trackGroups = groups;
  }

  add(run: SampleRun, source: ByteSource): void {
    const runs = this.#attempt(() => settingsRuns(this.track, this.#count, run));
    if (runs) {
      const columns = this.#problem ? undefined : this.#attempt(() => this.#addRun(run, runs, source));
      this.#addToTally(runs, columns?.subsamples);
    }
    this.#count += run.count;
  }

  finish(): ProtectionFinding {
    const { track } = this;
    const { uses: keys, clearSamples } = this.#tally;
    const found = { track, keys, clearSamples, ivSize: this.#ivs.sizeBytes };
    return this.#problem ? { ...found, problem: this.#problem } : { ...found, protection: this.#finish() };
  }

  #finish(): ReadProtection {
    const { scheme, tenc } = this.#defaults;
    const { kids, keyNumbers } = this.#keys.finish(tenc.defaultKid);
    return {
      track: this.track,
      scheme,
      tenc,
      pattern: this.#pattern ?? NO_PATTERN,
      ivPlan: this.#ivs.finish(this.#count),
      subsamples: this.#subsamples.finish(),
      kids,
      keyNumbers,
    };
  }

  /** What the work returns; nothing when it finds a problem, of which the first is kept. */
  #attempt<T>(work: () => T): T | undefined {
    const result = attempt(work);
    if (!(result instanceof PrpackError)) return result;
    this.#problem ??= result;
    return undefined;
  }

  #addToTally(runs: readonly SettingsRun[], subsamples: SubsampleColumns | undefined): void {
    let row = 0;
    for (const { count, settings } of runs) {
      this.#tally.add(settings?.kid, this.#count + row, count, subsamples, row);
      row += count;
    }
  }

  /** @returns the IVs and subsamples that were added, where there are any */
  #addRun(run: SampleRun, runs: readonly SettingsRun[], source: ByteSource): SencColumns | undefined {
    let first = this.#count;
    for (const { count, settings } of runs) {
      this.#keys.add(settings?.kid, count);
      if (settings) this.#addSettings(settings, first, run);
      first += count;
    }
    const ivSize = runs.find(({ settings }) => settings)?.settings?.ivSize;
    if (ivSize !== undefined) return this.#addProtected(run, ivSize, source);
    this.#addWholeSamples(run.count);
    return undefined;
  }

  #addSettings(settings: Settings, first: number, { parent }: SampleRun): void {
    this.#ivs.begin(settings, first, this.#count, parent);
    this.#pattern ??= settings.pattern;
    if (!isSamePattern(settings.pattern, this.#pattern)) throw mixedPatterns(parent);
  }

  #addProtected(run: SampleRun, ivSize: number, source: ByteSource): SencColumns | undefined {
    const columns = readColumns(run, ivSize, source);
    if (columns) this.#addColumns(columns, run);
    // 23001-7 10.4: without auxiliary information samples are protected as a whole, by the track's constant IV.
    else if (ivSize === 0 && this.#defaults.scheme === 'cbcs') this.#addWholeSamples(run.count);
    else throw missingIvs(run.parent);
    return columns;
  }

  #addColumns(columns: SencColumns, run: SampleRun): void {
    if (columns.sampleCount !== run.count) throw otherCount(columns.sampleCount, run);
    this.#ivs.add(columns.ivs);
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
    this.#ivs.addNone(count);
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

function otherCount(received: number, { parent, count }: SampleRun): PrpackError {
  return malformed(`${parent.path}: the protection of ${received} samples is given`, {
    boxPath: parent.path,
    offsetBytes: parent.startBytes,
    expected: count,
    received,
    clause: 'ISO/IEC 23001-7 7.2',
  });
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
