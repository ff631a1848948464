import type { ByteSource } from '../bytes/source.js';
import { readSaio } from '../isobmff/boxes/saio.js';
import { readSaiz } from '../isobmff/boxes/saiz.js';
import { moofAt } from '../isobmff/fragments.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { isPsshBox, protectionBoxes } from '../isobmff/protection-boxes.js';
import { readerOf } from '../isobmff/sample-entry.js';
import { firstEndingAfter, type SamplePlaces } from '../isobmff/sample-table.js';
import { type BoxEdit, REMOVED } from '../isobmff/splice.js';
import { RunKind, runAt } from '../isobmff/top-level.js';
import type { BoxNode, FileSlice } from '../isobmff/walk.js';
import { clearEntryEdits } from './earlier-encryption.js';
import type { KeepEdits } from './keep-plan.js';

/** The edits that take protection out of a movie of the same layout: the inverse of `encryptEdits`. */
export function decryptEdits(
  movie: Movie,
  source: ByteSource,
  protectedTracks: ReadonlySet<Track>,
): KeepEdits {
  return {
    moov: () => moovEdits(movie, protectedTracks),
    moof: ({ node, slice, trafs }, index) => {
      const edits = new Map<BoxNode, BoxEdit>();
      removeAll(edits, node.children.filter(isPsshBox));
      for (const [i, traf] of trafs.entries()) {
        const track = movie.tracks[movie.fragments.trafTrack[movie.fragments.firstTraf[index] + i]];
        if (protectedTracks.has(track)) removeAll(edits, protectionBoxes(traf, slice));
      }
      return edits;
    },
    dropped: auxiliaryRuns(movie, source, protectedTracks),
  };
}

/** A range of bytes of the file. */
type Range = readonly [startBytes: number, endBytes: number];

/** The `mdat` boxes that hold auxiliary information of fragments and nothing else: they are part of the protection. */
export function auxiliaryRuns(
  movie: Movie,
  source: ByteSource,
  protectedTracks: ReadonlySet<Track>,
): Set<number> {
  const { topLevel, fragments, tracks } = movie;
  const found = new Map<number, Range[]>();
  for (let index = 0; index < fragments.count; index++) {
    const moof = moofAt(movie, source, index);
    const { bases } = moof;
    for (const [i, traf] of moof.trafs.entries()) {
      if (!protectedTracks.has(tracks[fragments.trafTrack[fragments.firstTraf[index] + i]])) continue;
      const range = auxiliaryRange(traf, moof.slice, bases[i]);
      const run = range && runAt(topLevel, range[0]);
      if (run === undefined || topLevel.kinds[run] !== RunKind.Media) continue;
      found.set(run, [...(found.get(run) ?? []), range!]);
    }
  }
  return new Set([...found].filter(([run, ranges]) => fill(movie, run, ranges)).map(([run]) => run));
}

/** Where `saiz` and `saio` say that the auxiliary information of a `traf` lies, when it is in one place. */
function auxiliaryRange(traf: BoxNode, slice: FileSlice, baseBytes: number): Range | undefined {
  const boxes = protectionBoxes(traf, slice);
  const saizNode = boxes.find(({ type }) => type === 'saiz');
  const saioNode = boxes.find(({ type }) => type === 'saio');
  if (!saizNode || !saioNode) return undefined;
  const { sampleCount, defaultSampleInfoSize, sizes } = readSaiz(readerOf(saizNode, slice));
  const { offsets } = readSaio(readerOf(saioNode, slice));
  if (offsets.length !== 1) return undefined;
  const startBytes = baseBytes + offsets[0];
  const length = sizes ? sizes.reduce((sum, size) => sum + size, 0) : sampleCount * defaultSampleInfoSize;
  return [startBytes, startBytes + length];
}

const MDAT_HEADER_BYTES = 8;

/** Whether the ranges follow one another from the header of an `mdat` to its end, and no sample lies there. */
function fill({ topLevel, tracks }: Movie, run: number, ranges: readonly Range[]): boolean {
  const startBytes = topLevel.startBytes[run];
  const endBytes = topLevel.startBytes[run + 1];
  let at = startBytes + MDAT_HEADER_BYTES;
  for (const [from, to] of [...ranges].sort(([a], [b]) => a - b)) {
    if (from !== at) return false;
    at = to;
  }
  return at === endBytes && tracks.every(({ samples }) => !hasSampleIn(samples, startBytes, endBytes));
}

function hasSampleIn(samples: SamplePlaces, startBytes: number, endBytes: number): boolean {
  const position = firstEndingAfter(samples, startBytes);
  if (position === samples.count) return false;
  return samples.offsets[samples.byOffset ? samples.byOffset[position] : position] < endBytes;
}

function moovEdits(movie: Movie, protectedTracks: ReadonlySet<Track>): Map<BoxNode, BoxEdit> {
  const edits = new Map<BoxNode, BoxEdit>();
  removeAll(edits, movie.moovNode.children.filter(isPsshBox));
  for (const track of protectedTracks) {
    removeAll(edits, protectionBoxes(track.node, movie.moov));
    removeAll(edits, protectionBoxes(track.stbl, movie.moov));
    for (const entry of track.entries) {
      if (!entry.protection) continue;
      for (const [node, edit] of clearEntryEdits(entry)) edits.set(node, edit);
    }
  }
  return edits;
}

function removeAll(edits: Map<BoxNode, BoxEdit>, nodes: readonly BoxNode[]): void {
  for (const node of nodes) edits.set(node, REMOVED);
}
