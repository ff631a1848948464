import { type CryptoPeriod, durationAsSeconds } from '../crypto-period.js';
import type { TrackKeyRequest } from '../key-source.js';
import type {
  CpixAudioFilter,
  CpixDocument,
  CpixKeyPeriod,
  CpixUsageRule,
  CpixVideoFilter,
} from './document.js';

/** Whether something is for a track; `missing` names what would have to be known of the track to decide. */
export type Verdict = 'match' | 'mismatch' | { readonly missing: string };

/**
 * Whether a usage rule is for a track: filters of one type are joined by OR, the types by AND (CPIX 2.4, "Usage Rules Filters").
 */
export function ruleVerdict(
  rule: CpixUsageRule,
  track: TrackKeyRequest,
  keyPeriods: CpixDocument['keyPeriods'],
): Verdict {
  return allOf([
    ...whereAny(rule.keyPeriodFilters, (periodId) => keyPeriodVerdict(periodId, keyPeriods, track.period)),
    ...whereAny(rule.labelFilters, (label) => fromBoolean(label === track.label || label === track.type)),
    ...mediaVerdicts(rule, track),
    ...whereAny(rule.bitrateFilters, ({ minBitrate, maxBitrate }) =>
      within(track.bitrateBps, minBitrate, maxBitrate, 'bit rate'),
    ),
  ]);
}

/**
 * Video and audio filters. SPEKE writes a key for all tracks as a rule `ALL` with one empty filter of each, which no track could
 * meet by the letter of CPIX: there, they are alternatives (SPEKE 2.0, "Encryption contract").
 */
function mediaVerdicts(rule: CpixUsageRule, track: TrackKeyRequest): Verdict[] {
  const video = whereAny(rule.videoFilters, (filter) => videoVerdict(filter, track));
  const audio = whereAny(rule.audioFilters, (filter) => audioVerdict(filter, track));
  const verdicts = [...video, ...audio];
  return rule.intendedTrackType === 'ALL' && verdicts.length > 1 ? [anyOf(verdicts)] : verdicts;
}

function videoVerdict(filter: CpixVideoFilter, track: TrackKeyRequest): Verdict {
  if (track.type !== 'video') return 'mismatch';
  const { width, height } = track;
  const pixels = width === undefined || height === undefined ? undefined : width * height;
  return allOf([
    within(pixels, filter.minPixels, filter.maxPixels, 'picture size'),
    equal(track.isHdr, filter.hdr, 'dynamic range'),
    equal(track.hasWideColorGamut, filter.wcg, 'colour gamut'),
    frameRateVerdict(track.frameRateFps, filter),
  ]);
}

/** "the interval is defined by (@minFps, @maxFps]" (CPIX 2.4, VideoFilter). */
function frameRateVerdict(fps: number | undefined, { minFps, maxFps }: CpixVideoFilter): Verdict {
  if (minFps === undefined && maxFps === undefined) return 'match';
  if (fps === undefined) return { missing: 'frame rate' };
  return fromBoolean((minFps === undefined || fps > minFps) && (maxFps === undefined || fps <= maxFps));
}

function audioVerdict({ minChannels, maxChannels }: CpixAudioFilter, track: TrackKeyRequest): Verdict {
  if (track.type !== 'audio') return 'mismatch';
  return within(track.channels, minChannels, maxChannels, 'number of channels');
}

/**
 * Without rotation a track has one key for all its time: a filter is met when its period is the only one of the document. With rotation
 * the key period that the filter names must be that of the track, by its index, else by the time in which it starts.
 */
function keyPeriodVerdict(
  periodId: string,
  keyPeriods: CpixDocument['keyPeriods'],
  period: CryptoPeriod | undefined,
): Verdict {
  if (period) {
    return anyOf(keyPeriods.filter(({ id }) => id === periodId).map((named) => periodVerdict(named, period)));
  }
  const [only] = keyPeriods;
  if (keyPeriods.length === 1) return fromBoolean(only.id === periodId);
  return { missing: 'key period' };
}

/** What times of a document may be off by: they are written with milliseconds. */
const TIME_TOLERANCE_SECONDS = 0.001;

function periodVerdict({ index, startOffset, endOffset }: CpixKeyPeriod, period: CryptoPeriod): Verdict {
  if (index !== undefined) return fromBoolean(index === period.index);
  const start = durationAsSeconds(startOffset ?? '');
  const end = durationAsSeconds(endOffset ?? '');
  // @start and @end are times of the clock on the wall, which the media do not have.
  if (start === undefined || end === undefined) return { missing: 'time of day' };
  const at = period.startSeconds + TIME_TOLERANCE_SECONDS;
  return fromBoolean(at >= start && at < end);
}

/** Inclusive bounds; without any, nothing need be known. */
function within(
  value: number | undefined,
  min: number | undefined,
  max: number | undefined,
  what: string,
): Verdict {
  if (min === undefined && max === undefined) return 'match';
  if (value === undefined) return { missing: what };
  return fromBoolean((min === undefined || value >= min) && (max === undefined || value <= max));
}

function equal(value: boolean | undefined, wanted: boolean | undefined, what: string): Verdict {
  if (wanted === undefined) return 'match';
  return value === undefined ? { missing: what } : fromBoolean(value === wanted);
}

/** Nothing when there is no filter of the type, else their disjunction. */
function whereAny<T>(filters: readonly T[], verdictOf: (filter: T) => Verdict): Verdict[] {
  return filters.length === 0 ? [] : [anyOf(filters.map(verdictOf))];
}

function anyOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('match')) return 'match';
  return verdicts.find((verdict) => typeof verdict === 'object') ?? 'mismatch';
}

function allOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('mismatch')) return 'mismatch';
  return verdicts.find((verdict) => typeof verdict === 'object') ?? 'match';
}

function fromBoolean(isMatch: boolean): Verdict {
  return isMatch ? 'match' : 'mismatch';
}
