import { BLOCK_BYTES } from '../cenc/scheme.js';
import { malformed, PrpackError } from '../errors.js';
import type { Track } from '../isobmff/movie.js';
import { named } from '../settings/spelling.js';
import { largestRangeOf, type TrackEncryption, totalProtectedBytes } from './track-protection.js';

/** How much of a track's samples is protected, whatever its codec. */
export interface Coverage {
  readonly samples: number;
  readonly sampleBytes: number;
  readonly protectedBytes: number;
  /** Bytes of slice data among the samples' bytes: all of them where whole samples are protected. */
  readonly sliceBytes: number;
  /** Samples with slice data that is too small to protect. */
  readonly samplesTooSmall: number;
}

export const NO_COVERAGE: Coverage = {
  samples: 0,
  sampleBytes: 0,
  protectedBytes: 0,
  sliceBytes: 0,
  samplesTooSmall: 0,
};

/** A track of which less than this share of its bytes is protected is reported with the figure. */
const LEAST_USUAL_SHARE = 0.1;

export function coverageOf(encryption: TrackEncryption): Coverage {
  const sampleBytes = sampleBytesOf(encryption.track);
  const { sliceBytes, samplesTooSmall } = encryption.sliceTally ?? {
    sliceBytes: sampleBytes,
    samplesTooSmall: 0,
  };
  return {
    samples: encryption.track.samples.count,
    sampleBytes,
    protectedBytes: isAnyEncrypted(encryption) ? totalProtectedBytes(encryption) : 0,
    sliceBytes,
    samplesTooSmall,
  };
}

/** Ranges that are shorter than a block stay as they are, but for the whole samples of `cenc` (ISO/IEC 23001-7 9.7, 10). */
function isAnyEncrypted(encryption: TrackEncryption): boolean {
  if (encryption.scheme === 'cenc') return true;
  const { count } = encryption.track.samples;
  for (let i = 0; i < count; i++) if (largestRangeOf(encryption, i) >= BLOCK_BYTES) return true;
  return false;
}

/** Of a track that is read in parts: one part more. */
export function addCoverage(a: Coverage, b: Coverage): Coverage {
  return {
    samples: a.samples + b.samples,
    sampleBytes: a.sampleBytes + b.sampleBytes,
    protectedBytes: a.protectedBytes + b.protectedBytes,
    sliceBytes: a.sliceBytes + b.sliceBytes,
    samplesTooSmall: a.samplesTooSmall + b.samplesTooSmall,
  };
}

/** Bytes of all samples of the track. */
export function sampleBytesOf({ samples: { sizes, count } }: Track): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += sizes[i];
  return sum;
}

/**
 * A track with samples of which not a byte is protected is not encrypted, whatever its boxes say.
 * @throws PrpackError MALFORMED_INPUT when its samples hold no slice data; UNSUPPORTED_FEATURE when all slices are too
 *   small to protect
 */
export function assertSomeProtected(track: Track, coverage: Coverage): void {
  if (coverage.sampleBytes === 0 || coverage.protectedBytes > 0) return;
  const { format, node } = track.entries[0];
  const details = {
    boxPath: node.path,
    offsetBytes: node.startBytes,
    expected: 'slice data in cipher blocks of 16 bytes',
    received: `${coverage.sliceBytes} bytes of slice data in ${coverage.samples} samples`,
  };
  const what = `track ${track.id} (${format}): nothing of its ${coverage.sampleBytes} bytes can be protected`;
  if (coverage.sliceBytes === 0) throw malformed(`${what}: its samples hold no slice data`, details);
  throw new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${what}: all of it comes in pieces smaller than a cipher block`,
    {
      ...details,
      clause: 'ISO/IEC 23001-7 10.1',
      remedy: `Leave the track clear by selecting others with ${named('tracks')}, or encode it with larger pictures.`,
    },
  );
}

/** What to report of a track that is protected less than usual. */
export function coverageWarning({ id }: Track, coverage: Coverage): string | undefined {
  const { sampleBytes, protectedBytes, samples, samplesTooSmall } = coverage;
  if (sampleBytes === 0 || protectedBytes >= LEAST_USUAL_SHARE * sampleBytes) return undefined;
  const percent = ((100 * protectedBytes) / sampleBytes).toFixed(1);
  const small = `; ${samplesTooSmall} of its ${samples} samples hold too little slice data to protect`;
  return (
    `Only ${percent} % of the bytes of track ${id} are protected (${protectedBytes} of ${sampleBytes}): ` +
    `the rest is headers, parameter sets and SEI, which stay clear${samplesTooSmall > 0 ? small : ''}.`
  );
}
