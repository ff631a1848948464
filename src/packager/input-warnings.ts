import type { Movie } from '../isobmff/movie.js';
import type { Tail } from '../isobmff/tail.js';
import type { Layout } from './types.js';

/**
 * What is odd about an input that can be worked on all the same, as sentences.
 * @param layout of the output; absent where there is none
 */
export function inputWarnings({ topLevel }: Movie, layout?: Layout): string[] {
  const { tail } = topLevel;
  return tail && tail.kind !== 'open' ? [tailWarning(tail, layout)] : [];
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
