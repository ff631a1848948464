import type { Movie } from '../isobmff/movie.js';
import type { Tail } from '../isobmff/tail.js';
import { earlierBoxes } from '../layout/earlier-encryption.js';
import { isProtected } from '../protection/protection-reader.js';
import type { Layout } from './types.js';

/**
 * What is odd about an input that can be worked on all the same, as sentences.
 * @param layout of the output; absent where there is none
 */
export function inputWarnings(movie: Movie, layout?: Layout): string[] {
  const { tail } = movie.topLevel;
  const warnings = earlierEncryptionWarnings(earlierTypes(movie), layout);
  return tail && tail.kind !== 'open' ? [...warnings, tailWarning(tail, layout)] : warnings;
}

/** Types of boxes of an earlier encryption; none where a track is encrypted, to which they may belong. */
function earlierTypes(movie: Movie): string[] {
  if (movie.tracks.some(isProtected)) return [];
  return [...earlierBoxes(movie).map(({ type }) => type), ...movie.fragments.protectionTypes];
}

/** The same for boxes of these types. */
export function earlierEncryptionWarnings(types: Iterable<string>, layout?: Layout): string[] {
  const names = [...new Set(types)].join(', ');
  if (names === '') return [];
  const end = layout ? ' The output does not have them.' : ' Encryption drops them.';
  return [`The file is clear, but has boxes of an earlier encryption: ${names}.${end}`];
}

/** What stands behind the last box. */
const CONTENTS: Readonly<Partial<Record<Tail['kind'], string>>> = {
  zeros: 'zeros',
  ID3v1: 'an ID3v1 tag',
  bytes: 'bytes that are no box',
};

const ENDS: Readonly<Record<Layout, string>> = {
  keep: ' The output keeps them.',
  fragmented: ' The output does not have them.',
};

/** The same for what the input ends with. */
export function tailWarning(tail: Tail, layout: Layout | undefined): string {
  const { kind, type, startBytes, sizeBytes, claimedBytes } = tail;
  if (kind === 'cut') {
    return (
      `The last box of the file (${type} at byte ${startBytes}) claims ${claimedBytes} bytes, but only ${sizeBytes} are there. ` +
      'No sample is missing.'
    );
  }
  const end = layout ? ENDS[layout] : '';
  return `The last ${sizeBytes} bytes of the file (from byte ${startBytes} on) are ${CONTENTS[kind]}.${end}`;
}
