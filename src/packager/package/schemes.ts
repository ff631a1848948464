import { PrpackError } from '../../errors.js';
import type { AssignedKey } from '../../keys/key-source.js';
import { protectionSettings } from '../../protection/protection-settings.js';
import { named } from '../../settings/spelling.js';
import { namesFairPlay, withoutFairPlay } from './fairplay.js';
import type { TitleTrack } from './representations.js';
import type { PackageOptions } from './types.js';

/** Schemes that manifests have names for (draft-pantos-hls-rfc8216bis 4.4.4.4). */
export const SCHEMES = ['cenc', 'cbcs'] as const;

export type PackageScheme = (typeof SCHEMES)[number];

/** Options of the part of a presentation that is in one scheme. */
export type SchemeOptions = PackageOptions & { readonly scheme: PackageScheme };

type Chosen = Pick<PackageOptions, 'scheme' | 'schemes'>;

/** The schemes that everything is offered in: one, or both. */
export function schemesOf({ scheme = 'cenc', schemes }: Chosen): readonly PackageScheme[] {
  return schemes ? SCHEMES.filter((one) => schemes.includes(one)) : [scheme];
}

/** The options of each scheme. What one of two schemes alone can have is for that one. */
export function ofEachScheme(options: PackageOptions): SchemeOptions[] {
  const schemes = schemesOf(options);
  return schemes.map((scheme): SchemeOptions => {
    const { pattern, ivSize, fairplayUri, systems, ...others } = options;
    const isCbcs = scheme === 'cbcs';
    const isOnly = schemes.length === 1;
    return {
      ...others,
      scheme,
      ...((isOnly || isCbcs) && pattern !== undefined && { pattern }),
      ...((isOnly || !isCbcs) && ivSize !== undefined && { ivSize }),
      ...((isOnly || isCbcs) && fairplayUri !== undefined && { fairplayUri }),
      ...(systems && { systems: systems.filter((system) => isCbcs || system !== 'fairplay') }),
    };
  });
}

/** What the names of a scheme's files have at their end: nothing of `cenc`, and of a scheme that is alone. */
export function schemeSuffix(scheme: PackageScheme, schemes: readonly PackageScheme[]): string {
  return scheme === 'cbcs' && schemes.length > 1 ? `-${scheme}` : '';
}

/** Every ending that names may have. */
export const SCHEME_SUFFIXES: readonly string[] = ['', '-cbcs'];

/** A track as one of its files: where it is offered in two schemes, each has an id. */
export function inScheme(track: TitleTrack, scheme: PackageScheme, options: Chosen): TitleTrack {
  const suffix = schemeSuffix(scheme, schemesOf(options));
  if (suffix === '') return track;
  const { id, trickPlay } = track;
  const ofScheme = trickPlay && { trickPlay: { ...trickPlay, of: `${trickPlay.of}${suffix}` } };
  return { ...track, id: `${id}${suffix}`, ...ofScheme };
}

/**
 * Refuses what the schemes cannot have, before an input is opened.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertSchemes(options: PackageOptions): void {
  const { scheme, schemes } = options;
  if (scheme !== undefined && schemes !== undefined) {
    throw new PrpackError(
      'INVALID_ARGUMENT',
      `${named('scheme')} and ${named('schemes')} are given together`,
      {
        remedy: `Give ${named('scheme')} for one, and ${named('schemes')} for several.`,
      },
    );
  }
  assertManifestsCanName(options);
  for (const one of ofEachScheme(options)) protectionSettings(one);
}

/** FairPlay is for one scheme only (Apple, HLS Authoring Specification). */
function assertManifestsCanName(options: PackageOptions): void {
  const offered: readonly string[] = schemesOf(options);
  const isFairPlay = namesFairPlay(options);
  const expected: readonly string[] = isFairPlay ? ['cbcs'] : SCHEMES;
  if (!offered.some((scheme) => expected.includes(scheme))) {
    const [scheme] = offered;
    const what = isFairPlay ? 'FairPlay plays' : 'players of DASH and HLS play';
    const choice = options.schemes ? named('schemes', 'cenc,cbcs') : named('scheme', 'cbcs');
    throw new PrpackError('INVALID_ARGUMENT', `${what} no content of scheme ${scheme}`, {
      expected: expected.join(' or '),
      received: scheme,
      remedy: `Choose ${choice}${isFairPlay ? `, or ${withoutFairPlay(options)}` : ''}.`,
    });
  }
  assertPlayableInCenc(offered, options);
}

/** FairPlay alone is no system of the other scheme. No system at all is a choice: somebody else puts headers elsewhere. */
function assertPlayableInCenc(offered: readonly string[], { systems = [] }: PackageOptions): void {
  const isAlone = systems.length > 0 && systems.every((system) => system === 'fairplay');
  if (!isAlone || !offered.includes('cenc')) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    'FairPlay plays cbcs only, and no other system is named for cenc',
    {
      expected: `playready, common or widevine in ${named('systems')}, too`,
      received: 'fairplay',
      remedy: `Add a system of cenc to ${named('systems')}, or package in one scheme: ${named('scheme', 'cbcs')}.`,
    },
  );
}

/**
 * Sees to it that each scheme has KIDs and keys of its own: a license is for one algorithm (DASH-IF IOP Part 6, "Content encryption and DRM").
 * @param keys of each scheme, in the order of the schemes
 * @throws PrpackError KEY_CONFLICT
 */
export function assertKeysApart(keys: readonly (readonly AssignedKey[])[]): void {
  const [first = [], second = []] = keys;
  const shared = second.find(({ kid, key }) => first.some((one) => one.kid === kid || one.key.equals(key)));
  if (!shared) return;
  throw new PrpackError('KEY_CONFLICT', `KID ${shared.kid} has a key that both schemes would use`, {
    expected: 'keys of their own for cenc and cbcs',
    received: `the same key, of source ${shared.source}`,
    clause: 'DASH-IF IOP Part 6, Content encryption and DRM',
    remedy:
      `Leave the key source out, so that keys are made here, give a key file with entries of "algorithm": "AESCTR" and "AESCBC" (${named('keyFile')}), ` +
      `or package in one scheme (${named('scheme')}).`,
  });
}
