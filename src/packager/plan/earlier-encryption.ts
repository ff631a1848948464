import type { Movie } from '../../isobmff/movie.js';
import { isPsshBox, protectionBoxes } from '../../isobmff/protection-boxes.js';
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

/** Edits that take boxes out. */
export function removals(boxes: readonly BoxNode[]): [BoxNode, BoxEdit][] {
  return boxes.map((box) => [box, REMOVED]);
}
