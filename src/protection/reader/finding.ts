import { type ErrorCode, PrpackError } from '../../errors.js';
import type { Tenc } from '../../isobmff/boxes/tenc.js';
import type { Track } from '../../isobmff/movie.js';
import type { KeyUse } from '../key-tally.js';
import type { TrackProtection } from '../track-protection.js';

/** The protection of a track as its file states it. */
export interface ReadProtection extends Omit<TrackProtection, 'scheme'> {
  /** As in `schm`: `cenc`, `cbcs`, …; of PIFF that of its cipher, `cenc` for AES-CTR. */
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

/** What is known of a track whose sample entries cannot be understood. */
export function unreadable(track: Track, problem: PrpackError): ProtectionFinding {
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
