import { checkManifests } from '../../manifest/check.js';
import { writeMpd } from '../../manifest/dash/mpd.js';
import { type HlsPlaylists, writeHls } from '../../manifest/hls/playlists.js';
import type { Presentation } from '../../manifest/presentation.js';
import { type PackageScheme, SCHEME_SUFFIXES, SCHEMES, schemeSuffix } from './schemes.js';
import {
  SMOOTH_CLIENT_MANIFEST,
  SMOOTH_SERVER_MANIFEST,
  SMOOTH_STATIC_MANIFEST,
  type SmoothPlan,
} from './smooth/plan.js';

/** With everything in it, and where that is in two schemes, one with each alone. */
const MPD = 'manifest.mpd';
const mpdName = (scheme: PackageScheme) => `manifest-${scheme}.mpd`;
/** Of each scheme, with what its name ends in. */
const multivariantName = (suffix: string) => `main${suffix}.m3u8`;

/** What players find by its name; everything else has a version in its name. */
export const ENTRIES: readonly string[] = [
  MPD,
  ...SCHEMES.map(mpdName),
  ...SCHEME_SUFFIXES.map(multivariantName),
  SMOOTH_CLIENT_MANIFEST,
  SMOOTH_SERVER_MANIFEST,
  SMOOTH_STATIC_MANIFEST,
];

/** A manifest. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** An MPD, and the part of the presentation that it is of. */
export interface NamedMpd extends NamedText {
  readonly presentation: Presentation;
}

/** The playlists of one scheme. Those of clear text are the same in all. */
export interface NamedPlaylists {
  /** Of the multivariant playlist. */
  readonly name: string;
  /** The part of the presentation that they are of. */
  readonly presentation: Presentation;
  readonly playlists: HlsPlaylists;
}

/** All manifests of a presentation. */
export interface ManifestFiles {
  readonly mpds: readonly NamedMpd[];
  /** None where a track is encrypted for systems that playlists have no way to name. */
  readonly hls: readonly NamedPlaylists[];
  /** Of Smooth Streaming, where it is wanted. */
  readonly smooth?: Pick<SmoothPlan, 'manifests'>;
}

/**
 * Writes manifests: where tracks are in two schemes, those of each scheme for itself, too, as players do not choose well between them.
 * @throws PrpackError as `writeMpd` and `writeHls`
 */
export function manifestFilesOf(
  presentation: Presentation,
  hasPlaylists = true,
): Omit<ManifestFiles, 'smooth'> {
  const parts = partsOf(presentation);
  const alone = parts.filter((one) => one.scheme !== undefined);
  const mpds = [
    { name: MPD, presentation },
    ...alone.map(({ scheme, part }) => ({ name: mpdName(scheme!), presentation: part })),
  ];
  return {
    mpds: mpds.map((one) => ({ ...one, text: writeMpd(one.presentation) })),
    hls: (hasPlaylists ? parts : []).map(({ suffix, part }) => ({
      name: multivariantName(suffix),
      presentation: part,
      playlists: writeHls(part),
    })),
  };
}

/** What one multivariant playlist is of. */
interface Part {
  readonly part: Presentation;
  /** Absent of the whole. */
  readonly scheme?: PackageScheme;
  readonly suffix: string;
}

/** The whole, or what players of each scheme are offered: its sets, and the clear ones. */
function partsOf(presentation: Presentation): Part[] {
  const { switchingSets, session = [] } = presentation;
  const found = new Set(switchingSets.flatMap(({ protection }) => protection?.scheme ?? []));
  const schemes = SCHEMES.filter((scheme) => found.has(scheme));
  if (schemes.length < 2) return [{ suffix: '', part: presentation }];
  return schemes.map((scheme) => ({
    scheme,
    suffix: schemeSuffix(scheme, schemes),
    part: {
      ...presentation,
      switchingSets: switchingSets.filter(({ protection }) => !protection || protection.scheme === scheme),
      session: session.filter((one) => one.scheme === scheme),
    },
  }));
}

/** Everything that players find by its name, behind the playlists that it refers to, in the order in which it is put in place. */
export function manifestsOf({ mpds, hls, smooth }: ManifestFiles): NamedText[] {
  const media = new Map(hls.flatMap(({ playlists }) => [...playlists.media]));
  return [
    ...[...media].map(([name, text]) => ({ name, text })),
    ...mpds.map(({ name, text }) => ({ name, text })),
    ...hls.map(({ name, playlists }) => ({ name, text: playlists.multivariant })),
    ...(smooth?.manifests ?? []),
  ];
}

/**
 * Reads all manifests back.
 * @param fileSizes sizes in bytes of all media files, by their URIs
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export function checkManifestFiles(
  { mpds, hls }: ManifestFiles,
  fileSizes: ReadonlyMap<string, number>,
): void {
  for (const { name: path, presentation, text } of mpds) {
    checkManifests(presentation, { mpd: { path, text } }, fileSizes);
  }
  for (const { name: path, presentation, playlists } of hls) {
    checkManifests(presentation, { hls: { path, playlists } }, fileSizes);
  }
}
