import { ByteWriter } from '../bytes/writer.js';
import { box } from '../isobmff/boxes/box.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { isPsshBox, protectionBoxes } from '../isobmff/protection-boxes.js';
import { readerOf, type SampleEntry } from '../isobmff/sample-entry.js';
import { type BoxEdit, type BoxEdits, REMOVED, rebuildBox } from '../isobmff/splice.js';
import { type BoxNode, type FileSlice, findChild } from '../isobmff/walk.js';

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
  const ofEntries = movie.tracks.flatMap((track) => {
    const edits = track.entries.flatMap(clearEntryEdits);
    if (!hasFoldedEntries(track, movie.moov)) return edits;
    return [replacedEntries(track, movie.moov, [new Map(edits)])];
  });
  return [...removals(earlierBoxes(movie)), ...ofEntries];
}

/**
 * The track with one sample entry where several differ in their protection alone, as those of a clear lead and of what follows it
 * do. Its samples are then in other entries, so that only a new layout can have it.
 */
export function withFoldedEntries(track: Track, moov: FileSlice): Track {
  const byContent = new Map<string, number>();
  const entries: SampleEntry[] = [];
  const indexes = track.entries.map((entry) => {
    const content = rebuildBox(entry.node, moov, new Map(clearEntryEdits(entry)));
    const key = Buffer.from(content).toString('latin1');
    const index = byContent.get(key) ?? entries.push(entry);
    byContent.set(key, index);
    return index;
  });
  if (entries.length === track.entries.length) return track;
  const runs = track.samples.entryRuns.map((run) => ({ ...run, entryIndex: indexes[run.entryIndex - 1] }));
  const entryRuns = runs.filter(({ entryIndex }, i) => entryIndex !== runs[i - 1]?.entryIndex);
  return { ...track, entries, samples: { ...track.samples, entryRuns } };
}

/** Whether the file has more sample entries than the track. */
export function hasFoldedEntries({ stbl, entries }: Track, moov: FileSlice): boolean {
  const reader = readerOf(findChild(stbl, 'stsd')!, moov);
  reader.skip(VERSION_AND_FLAGS_BYTES);
  return reader.u32() !== entries.length;
}

const VERSION_AND_FLAGS_BYTES = 4;

/**
 * The edit that puts the entries of a track, once for each of the edits and as these make them, into its `stsd` in place of those there
 * (ISO/IEC 14496-12 8.5.2).
 */
export function replacedEntries(
  { stbl, entries }: Track,
  moov: FileSlice,
  forms: readonly BoxEdits[],
): [BoxNode, BoxEdit] {
  const stsd = findChild(stbl, 'stsd')!;
  const versionAndFlags = readerOf(stsd, moov).take(VERSION_AND_FLAGS_BYTES);
  const count = new ByteWriter(4).u32(forms.length * entries.length).finish();
  const boxes = forms.flatMap((edits) => entries.map(({ node }) => rebuildBox(node, moov, edits)));
  return [stsd, { replace: box('stsd', versionAndFlags, count, ...boxes) }];
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
