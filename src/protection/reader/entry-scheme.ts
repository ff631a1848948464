import { hasPattern, isSchemeName, SCHEMES } from '../../cenc/scheme.js';
import { malformed, PrpackError } from '../../errors.js';
import type { Sinf } from '../../isobmff/boxes/sinf.js';
import type { Tenc } from '../../isobmff/boxes/tenc.js';
import type { Track } from '../../isobmff/movie.js';
import type { SampleEntry } from '../../isobmff/sample-entry.js';

/** What a protected sample entry says of its samples. */
export interface SchemeOfEntry {
  readonly scheme: string;
  readonly tenc: Tenc;
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

/**
 * By the standard there is no pattern; the writer may have meant one all the same, and nothing says with which of the
 * two the samples come out right.
 */
function ambiguousPattern({ id }: Track, { node }: SampleEntry): PrpackError {
  return malformed(`track ${id}: tenc of version 0 has a pattern, which version 1 alone can have`, {
    boxPath: `${node.path}/sinf/schi/tenc`,
    offsetBytes: node.startBytes,
    expected: 'version 1, or zero in the reserved byte',
    clause: 'ISO/IEC 23001-7 8.2.2',
    remedy: 'Have the packager that wrote the file write tenc of version 1 for schemes with patterns.',
  });
}

/**
 * The schemes of PIFF's ciphers; PIFF without a default cipher names it in its fragments, where it is AES-CTR.
 */
const SCHEME_OF_PIFF = ['cenc', 'cenc', 'cbc1'];

function cipherScheme({ schemeType, piffAlgorithmId }: Sinf): string | undefined {
  return piffAlgorithmId === undefined ? schemeType : SCHEME_OF_PIFF[piffAlgorithmId];
}
