import type { Movie } from '../../isobmff/movie.js';
import { isPsshBox, protectionBoxes } from '../../isobmff/protection-boxes.js';
import type { SampleEntry } from '../../isobmff/sample-entry.js';
import { type BoxEdit, REMOVED } from '../../isobmff/splice.js';
import type { BoxNode } from '../../isobmff/walk.js';

/**
 * Boxes in the `moov` of a clear movie that an encryption has left there which is gone: readers would take them for
 * those of the next one.
 */
export function earlierBoxes({ moovNode, moov, tracks }: Movie): BoxNode[] {
  const inTracks = tracks.flatMap(({ node, stbl, entries }) => [
    ...protectionBoxes(node, moov),
    ...protectionBoxes(stbl, moov),
    ...entries.flatMap((entry) => entry.node.children.filter(({ type }) => type === 'sinf')),
  ]);
  return [...moovNode.children.filter(isPsshBox), ...inTracks];
}

/**
 * Edits that make the `moov` one of a clear movie: without {@link earlierBoxes}, and with sample entries under their original
 * names, which differ where the movie stands for protected input behind its decryption.
 */
export function clearMoovEdits(movie: Movie): [BoxNode, BoxEdit][] {
  const entries = movie.tracks.flatMap((track) => track.entries);
  return [...removals(earlierBoxes(movie)), ...entries.flatMap(clearEntryEdits)];
}

/** Edits that make a sample entry a clear one: without `sinf`, and under the name that `frma` has (ISO/IEC 14496-12 8.12). */
export function clearEntryEdits({ node, format }: SampleEntry): [BoxNode, BoxEdit][] {
  const edits = removals(node.children.filter(({ type }) => type === 'sinf'));
  return node.type === format ? edits : [[node, { type: format }], ...edits];
}

/** Edits that take boxes out. */
export function removals(boxes: readonly BoxNode[]): [BoxNode, BoxEdit][] {
  return boxes.map((box) => [box, REMOVED]);
}
