import type { ByteSource } from '../../bytes/source.js';
import { malformed, PrpackError } from '../../errors.js';
import type { Movie } from '../../isobmff/movie.js';
import type { SampleEntry } from '../../isobmff/sample-entry.js';
import { foreignSystemOf } from '../../protection/codecs.js';
import { findProtections } from '../../protection/protection-reader.js';
import { psshBoxesOfMovie } from '../../protection/pssh.js';

/** What a file says of the key of its track. */
export interface PackedKey {
  readonly scheme: 'cenc' | 'cbcs';
  /** UUID text. */
  readonly kid: string;
  /** Whole `pssh` boxes in `moov`. */
  readonly psshBoxes: readonly Uint8Array[];
}

const SCHEMES: readonly string[] = ['cenc', 'cbcs'] satisfies readonly PackedKey['scheme'][];

/**
 * The key of a track; none of one that is clear.
 * @param movie with one track
 * @throws PrpackError UNSUPPORTED_SCHEME for what manifests have no name of; UNSUPPORTED_FEATURE where keys rotate; MALFORMED_INPUT
 */
export function packedKeyOf(
  movie: Movie,
  source: ByteSource,
): { readonly key?: PackedKey; readonly warnings: readonly string[] } {
  const [{ entries }] = movie.tracks;
  for (const entry of entries) assertKnownSystem(entry);
  const entry = entries.find(({ protection }) => protection);
  if (!entry) return { warnings: [] };
  const { tenc, schemeType = '' } = entry.protection!;
  if (!SCHEMES.includes(schemeType)) throw unknownScheme(entry, schemeType);
  if (!tenc) throw entry.protection!.tencProblem ?? noTenc(entry);
  const { kids, isPartlyClear } = usesOf(movie, source, tenc.defaultKid);
  if (kids.length > 1) throw rotating(entry, kids);
  const psshBoxes = psshBoxesOfMovie(movie);
  return {
    key: { scheme: schemeType as PackedKey['scheme'], kid: kids[0] ?? tenc.defaultKid, psshBoxes },
    warnings: isPartlyClear ? [CLEAR_PARTS] : [],
  };
}

const CLEAR_PARTS =
  'A part of the track is clear. Manifests name its key from the beginning on, so that players ask for the license before they play.';

/** Sample groups and further entries may say something else than `tenc`. */
function usesOf(movie: Movie, source: ByteSource, defaultKid: string) {
  const [{ entries }] = movie.tracks;
  const isPlain = entries.length === 1 && !movie.fragments.groupTypes.includes('seig');
  if (isPlain) return { kids: [defaultKid], isPartlyClear: false };
  const [{ keys, clearSamples, problem }] = findProtections(movie, source);
  if (problem) throw problem;
  return { kids: keys.map(({ kid }) => kid), isPartlyClear: clearSamples > 0 };
}

function assertKnownSystem(entry: SampleEntry): void {
  const system = foreignSystemOf(entry);
  if (system === undefined) return;
  throw new PrpackError(
    'UNSUPPORTED_SCHEME',
    `the track is protected by ${system}, which no manifest names`,
    {
      boxPath: entry.node.path,
      offsetBytes: entry.node.startBytes,
      received: entry.fourcc,
      remedy: 'Package the clear title.',
    },
  );
}

function unknownScheme({ node }: SampleEntry, received: string): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_SCHEME',
    `players of DASH and HLS play no content of scheme "${received}"`,
    {
      boxPath: `${node.path}/sinf/schm`,
      offsetBytes: node.startBytes,
      expected: SCHEMES.join(' or '),
      received,
      clause: 'ISO/IEC 23000-19 8.2',
      remedy: 'Encrypt the file again with one of these schemes: encrypt takes encrypted input, too.',
    },
  );
}

function noTenc({ node }: SampleEntry): PrpackError {
  return malformed(`${node.path}/sinf/schi/tenc is missing`, {
    boxPath: `${node.path}/sinf/schi/tenc`,
    offsetBytes: node.startBytes,
    clause: 'ISO/IEC 23001-7 8.2',
  });
}

function rotating({ node }: SampleEntry, kids: readonly string[]): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `the keys of the track rotate: it has ${kids.length}`, {
    boxPath: node.path,
    offsetBytes: node.startBytes,
    expected: 'one KID a track',
    received: kids.length > 4 ? `${kids.slice(0, 4).join(', ')}, …` : kids.join(', '),
    clause: 'DASH-IF IOP Part 6',
    remedy: 'Encrypt the title with one key a track, or keep the manifests that its packager wrote.',
  });
}
