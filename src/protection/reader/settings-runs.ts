import { NO_PATTERN, type Pattern } from '../../cenc/scheme.js';
import { PrpackError } from '../../errors.js';
import { PIFF_SENC } from '../../isobmff/boxes/piff.js';
import type { Seig } from '../../isobmff/boxes/seig.js';
import { readSencOverride } from '../../isobmff/boxes/senc.js';
import type { Track } from '../../isobmff/movie.js';
import { readerOf, type SampleEntry } from '../../isobmff/sample-entry.js';
import { entryRunAt } from '../../isobmff/sample-table.js';
import type { BoxNode } from '../../isobmff/walk.js';
import { groupRuns } from '../key-groups.js';
import type { SampleRun } from './sample-run.js';

/** How a protected sample is protected. */
export interface Settings {
  readonly kid: string;
  /** Bytes of the per-sample IV; 0 where the IV is constant. */
  readonly ivSize: number;
  readonly constantIv?: Uint8Array | undefined;
  readonly pattern: Pattern;
}

/** Consecutive samples under the same settings; without any they are clear. */
export interface SettingsRun {
  readonly count: number;
  readonly settings: Settings | undefined;
}

/**
 * The samples of a run by what protects them: the run's own settings in PIFF, else those of key groups and sample
 * entries.
 * @param first number of the run's first sample
 * @throws PrpackError MALFORMED_INPUT, UNSUPPORTED_FEATURE, UNSUPPORTED_SCHEME
 */
export function settingsRuns(track: Track, first: number, run: SampleRun): SettingsRun[] {
  return piffOverride(run) ?? groupedRuns(track, first, run);
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

/** Samples under the same settings: those of their key group, else of their sample entry. */
function groupedRuns({ samples, entries }: Track, first: number, run: SampleRun): SettingsRun[] {
  const runs: SettingsRun[] = [];
  const end = first + run.count;
  let at = first;
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
