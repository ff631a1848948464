import { box } from '../isobmff/boxes/box.js';
import { withDuration } from '../isobmff/boxes/duration.js';
import { writeEmptyTables } from '../isobmff/boxes/empty-tables.js';
import { readMehd, writeMehd } from '../isobmff/boxes/mehd.js';
import { writeTrex } from '../isobmff/boxes/trex.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { type BoxEdit, REMOVED, rebuildBox } from '../isobmff/splice.js';
import { type BoxNode, bytesOf, type FileSlice, findPath, requirePath } from '../isobmff/walk.js';
import type { TrackEncryption } from '../protection/track-protection.js';
import { clearMoovEdits, earlierBoxes } from './earlier-encryption.js';
import { sampleEntryEdits } from './encrypt-edits.js';
import type { FragmentEdits } from './fragment-edits.js';
import { movieDurationSeconds } from './timing.js';

/** What stays of an `stbl` whose samples move into fragments. */
const KEPT_IN_STBL = new Set(['stsd', 'sgpd', 'cslg']);

/** What a fragmented file says in its fragments, or has no use for. */
const SAID_ELSEWHERE = new Set('stts ctts stss stsc stsz stz2 stco co64 sdtp sbgp free skip'.split(' '));

/** Types of boxes in sample tables that are lost when samples move into fragments, each once. */
export function droppedTypes(movie: Movie): string[] {
  const earlier = new Set(earlierBoxes(movie));
  const types = movie.tracks.flatMap(({ stbl }) =>
    stbl.children.filter((child) => !earlier.has(child)).map(({ type }) => type),
  );
  return [...new Set(types)].filter((type) => !KEPT_IN_STBL.has(type) && !SAID_ELSEWHERE.has(type));
}

/**
 * The `moov` of a fragmented output: the input's, without samples and durations, with `mvex`, and with the encrypted
 * tracks' sample entries and the `pssh` boxes, and without the tracks that the movie leaves out (ISO/IEC 14496-12 8.8.1; ISO/IEC 23000-19 7.3.2 for durations of 0).
 * @param fragmentEdits one a track
 */
export function buildFragmentedMoov(
  movie: Movie,
  encryptions: readonly TrackEncryption[],
  psshBoxes: readonly Uint8Array[],
  fragmentEdits: readonly FragmentEdits[],
): Uint8Array {
  const { moovNode, moov } = movie;
  const edits = new Map<BoxNode, BoxEdit>(clearMoovEdits(movie));
  const tracks = new Set(movie.tracks.map(({ node }) => node));
  for (const child of moovNode.children) {
    const isOther = child.type === 'trak' && !tracks.has(child);
    if (isOther || child.type === 'mvex') edits.set(child, REMOVED);
  }
  zeroDuration(edits, requirePath(moovNode, 'mvhd', 'ISO/IEC 14496-12 8.2.2'), moov);
  for (const track of movie.tracks) addTrackEdits(edits, track, moov);
  for (const { replacement } of fragmentEdits) {
    if (replacement) edits.set(replacement.node, { replace: replacement.elst });
  }
  for (const encryption of encryptions) {
    for (const [node, edit] of sampleEntryEdits(encryption, moov)) edits.set(node, edit);
  }
  edits.set(moovNode, { append: [buildMvex(movie), ...psshBoxes] });
  return rebuildBox(moovNode, moov, edits);
}

function addTrackEdits(edits: Map<BoxNode, BoxEdit>, track: Track, moov: FileSlice): void {
  zeroDuration(edits, requirePath(track.node, 'tkhd', 'ISO/IEC 14496-12 8.3.2'), moov);
  zeroDuration(edits, requirePath(track.node, 'mdia/mdhd', 'ISO/IEC 14496-12 8.4.2'), moov);
  for (const child of track.stbl.children) if (!KEPT_IN_STBL.has(child.type)) edits.set(child, REMOVED);
  edits.set(track.stbl, { append: [writeEmptyTables()] });
}

function zeroDuration(edits: Map<BoxNode, BoxEdit>, node: BoxNode, moov: FileSlice): void {
  edits.set(node, { replace: withDuration(node.type as 'mvhd' | 'tkhd' | 'mdhd', bytesOf(node, moov), 0n) });
}

function buildMvex(movie: Movie): Uint8Array {
  const trexes = movie.tracks.map(({ id }) =>
    writeTrex({
      trackId: id,
      defaultSampleDescriptionIndex: 1,
      defaultSampleDuration: 0,
      defaultSampleSize: 0,
      defaultSampleFlags: 0,
    }),
  );
  return box('mvex', writeMehd({ fragmentDuration: wholeDuration(movie) }), ...trexes);
}

/** In ticks of the movie's timescale. */
function wholeDuration(movie: Movie): bigint {
  const mehd = findPath(movie.moovNode, 'mvex/mehd');
  if (mehd) return readMehd(readerOf(mehd, movie.moov)).fragmentDuration;
  return BigInt(Math.round(movieDurationSeconds(movie) * movie.mvhd.timescaleHz));
}
