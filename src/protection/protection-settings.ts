import { hasPattern, type IvSize, NO_PATTERN, type Pattern, SCHEMES, type Scheme } from '../cenc/scheme.js';
import { PrpackError } from '../errors.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import { named } from '../settings/spelling.js';
import { sampleProtectionOf } from './codecs.js';
import type { DescribedTrack } from './tracks.js';
import type { ProtectionOptions } from './types.js';

/** The scheme of an output and what was chosen of it. */
export interface ProtectionSettings {
  readonly scheme: Scheme;
  /** Of video; audio has none. */
  readonly videoPattern: Pattern;
  /** Bytes of an IV: of each sample, or of the constant one. */
  readonly ivSize: IvSize;
}

/**
 * The scheme with its defaults and what the options choose of it.
 * @throws PrpackError INVALID_ARGUMENT for what the scheme cannot have
 */
export function protectionSettings({
  scheme: name = 'cenc',
  pattern,
  ivSize,
}: Pick<ProtectionOptions, 'scheme' | 'pattern' | 'ivSize'>): ProtectionSettings {
  const scheme = SCHEMES[name];
  const [defaultIvSize] = scheme.ivSizesBytes;
  if (ivSize !== undefined && !scheme.ivSizesBytes.includes(ivSize)) {
    throw new PrpackError('INVALID_ARGUMENT', `scheme ${name} has no IV of ${ivSize} bytes`, {
      expected: scheme.ivSizesBytes.join(' or '),
      received: ivSize,
      clause: 'ISO/IEC 23001-7 10',
      remedy: `Leave ${named('ivSize')} out: scheme ${name} takes ${defaultIvSize} bytes.`,
    });
  }
  if (pattern !== undefined && !hasPattern(scheme)) {
    throw new PrpackError('INVALID_ARGUMENT', `scheme ${name} encrypts by no pattern`, {
      expected: 'cbcs or cens',
      received: name,
      clause: 'ISO/IEC 23001-7 9.6',
      remedy: `Leave ${named('pattern')} out, or choose ${named('scheme', 'cbcs')}.`,
    });
  }
  return {
    scheme,
    videoPattern: pattern === undefined ? scheme.videoPattern : toPattern(pattern),
    ivSize: ivSize ?? defaultIvSize,
  };
}

function toPattern(text: string): Pattern {
  const [cryptByteBlock, skipByteBlock] = text.split(':').map(Number);
  return { cryptByteBlock, skipByteBlock };
}

export function patternOf({ track }: DescribedTrack, { videoPattern }: ProtectionSettings): Pattern {
  return mediaTypeOf(track.handler) === 'video' ? videoPattern : NO_PATTERN;
}

/** Bytes of the IV in each sample's auxiliary information; 0 where the IV is constant. */
export function perSampleIvSize({ scheme, ivSize }: ProtectionSettings): 0 | IvSize {
  return scheme.ivKind === 'constant' ? 0 : ivSize;
}

/** Schemes that the codecs of `coded-ranges` may be protected by; the bindings of AV1 and VP9 leave out the others. */
const RANGE_CODEC_SCHEMES: readonly string[] = ['cenc', 'cbcs'];

/**
 * Sees to it that every codec may be protected by the scheme, before any of its samples is read.
 * @returns warnings of what some players may not take
 * @throws PrpackError UNSUPPORTED_CODEC
 */
export function assertCodecsFitScheme(
  tracks: readonly DescribedTrack[],
  { scheme: { name } }: ProtectionSettings,
): string[] {
  const isVp9 = ({ track }: DescribedTrack) => track.entries.some(({ format }) => format === 'vp09');
  for (const { track } of tracks) {
    const { format, node } = track.entries[0];
    const isRanges = sampleProtectionOf(track.handler, format) === 'coded-ranges';
    if (!isRanges || RANGE_CODEC_SCHEMES.includes(name)) continue;
    throw new PrpackError(
      'UNSUPPORTED_CODEC',
      `track ${track.id}: ${format} cannot be protected by ${name}`,
      {
        boxPath: node.path,
        offsetBytes: node.startBytes,
        expected: RANGE_CODEC_SCHEMES.join(' or '),
        received: name,
        clause:
          'AV1 in ISO BMFF, Common Encryption; VP codec ISO media file format binding, Common Encryption',
        remedy: `Choose ${named('scheme', 'cenc')} or ${named('scheme', 'cbcs')}.`,
      },
    );
  }
  if (name === 'cenc') return [];
  return tracks
    .filter(isVp9)
    .map(
      ({ track }) =>
        `Track ${track.id} is VP9 under ${name}: its binding to MP4 knows cenc only. Chromium plays it, other players may not.`,
    );
}
