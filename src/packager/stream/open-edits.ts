import { MemorySource } from '../../bytes/source.js';
import { readElst } from '../../isobmff/boxes/elst.js';
import { readMovie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { type BoxNode, findPath } from '../../isobmff/walk.js';
import { STREAM_NAME } from './box-stream.js';

/**
 * Gives the one edit of a track segment_duration 0, "to the end" (ISO/IEC 14496-12 8.6.6): how long a stream lasts is not known
 * when it begins, and some players pass over an edit that ends before the movie does. In place, as the size stays.
 * @param init what the stream begins with, up to the end of `moov`
 * @returns a warning for each list of other edits, which cannot be put so
 */
export function openEdits(init: Uint8Array): string[] {
  const movie = readMovie(new MemorySource(init, STREAM_NAME));
  return movie.tracks.flatMap(({ id, node }) => {
    const elst = findPath(node, 'edts/elst');
    if (!elst) return [];
    const { mediaTimes } = readElst(readerOf(elst, movie.moov));
    if (mediaTimes.length === 0) return [];
    if (mediaTimes.length > 1 || mediaTimes[0] < 0n) return [unevenWarning(id)];
    clearSegmentDuration(init, elst);
    return [];
  });
}

/** The first field behind version, flags and entry_count, of 32 bits in version 0 and 64 in version 1. */
function clearSegmentDuration(init: Uint8Array, { startBytes, headerBytes }: BoxNode): void {
  const payload = startBytes + headerBytes;
  init.fill(0, payload + 8, payload + 8 + (init[payload] === 0 ? 4 : 8));
}

function unevenWarning(trackId: number): string {
  return (
    `The edit list of track ${trackId} is more than one edit, and is left as it is; players of fragments do not agree ` +
    'about such lists. Write the stream without it.'
  );
}
