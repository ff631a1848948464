import { PrpackError } from '../errors.js';
import type { Movie, Track } from '../isobmff/movie.js';
import { RunKind, runAt } from '../isobmff/top-level.js';

/** The samples of a track by rising offset, one after the other. */
class SampleCursor {
  readonly track: Track;
  readonly isProtected: boolean;
  startBytes = 0;
  endBytes = 0;
  sample = -1;
  #position = -1;

  constructor(track: Track, isProtected: boolean) {
    this.track = track;
    this.isProtected = isProtected;
  }

  /** Moves to the next sample that has bytes; false when there is none. */
  next(): boolean {
    const { count, byOffset, offsets, sizes } = this.track.samples;
    while (++this.#position < count) {
      const sample = byOffset ? byOffset[this.#position] : this.#position;
      if (sizes[sample] === 0) continue;
      this.sample = sample;
      this.startBytes = offsets[sample];
      this.endBytes = this.startBytes + sizes[sample];
      return true;
    }
    return false;
  }
}

/**
 * Checks that every sample of the tracks to protect lies in an `mdat`, and that no sample of any track shares bytes with
 * one of them: such bytes would be encrypted twice, or under the eyes of a track that stays clear.
 * @throws PrpackError UNSUPPORTED_FEATURE, MALFORMED_INPUT
 */
export function assertDisjointSamples(movie: Movie, protectedTracks: ReadonlySet<Track>): void {
  for (const track of protectedTracks) assertNoneInside(track);
  let cursors: SampleCursor[] = [];
  for (const track of movie.tracks) {
    const cursor = new SampleCursor(track, protectedTracks.has(track));
    if (cursor.next()) cursors.push(cursor);
  }
  const media = new MediaRuns(movie);
  // Of overlapping clear samples the one that reaches furthest matters for the next protected one.
  let furthest: SampleCursor | undefined;
  let furthestSample = 0;
  let furthestBytes = 0;
  while (cursors.length > 0) {
    const cursor = firstOf(cursors);
    if (cursor.isProtected) media.assertHolds(cursor);
    if (furthest && cursor.startBytes < furthestBytes && (cursor.isProtected || furthest.isProtected)) {
      throw sharedBytes(cursor, { track: furthest.track, sample: furthestSample });
    }
    if (cursor.endBytes > furthestBytes) {
      furthest = cursor;
      furthestSample = cursor.sample;
      furthestBytes = cursor.endBytes;
    }
    if (!cursor.next()) cursors = cursors.filter((other) => other !== cursor);
  }
}

/** The one whose sample begins first. */
function firstOf(cursors: readonly SampleCursor[]): SampleCursor {
  let first = cursors[0];
  for (const cursor of cursors) if (cursor.startBytes < first.startBytes) first = cursor;
  return first;
}

/** An empty sample shares no bytes, but inside another one it would break the order that samples are searched by. */
function assertNoneInside(track: Track): void {
  const { count, byOffset, offsets, sizes } = track.samples;
  let previous = 0;
  let previousEnd = 0;
  for (let position = 0; position < count; position++) {
    const sample = byOffset ? byOffset[position] : position;
    const startBytes = offsets[sample];
    if (startBytes < previousEnd) {
      throw sharedBytes({ track, sample, startBytes }, { track, sample: previous });
    }
    previous = sample;
    previousEnd = startBytes + sizes[sample];
  }
}

/** Remembers the run of the file that the last sample was in. */
class MediaRuns {
  readonly #movie: Movie;
  #startBytes = 0;
  #endBytes = 0;

  constructor(movie: Movie) {
    this.#movie = movie;
  }

  assertHolds({ track, sample, startBytes, endBytes }: SampleCursor): void {
    if (startBytes >= this.#startBytes && endBytes <= this.#endBytes) return;
    const { topLevel } = this.#movie;
    const run = runAt(topLevel, startBytes);
    this.#startBytes = topLevel.startBytes[run];
    this.#endBytes = topLevel.startBytes[run + 1];
    const isInside = topLevel.kinds[run] === RunKind.Media && endBytes <= this.#endBytes;
    if (isInside && startBytes >= this.#startBytes + 8) return;
    throw new PrpackError(
      'MALFORMED_INPUT',
      `track ${track.id}: sample ${sample} does not lie in an mdat box`,
      {
        boxPath: track.stbl.path,
        offsetBytes: startBytes,
        clause: 'ISO/IEC 14496-12 8.1.1',
        remedy: 'The sample tables of the file are wrong; make it again by remuxing it.',
      },
    );
  }
}

function sharedBytes(
  cursor: Pick<SampleCursor, 'track' | 'sample' | 'startBytes'>,
  other: { track: Track; sample: number },
): PrpackError {
  const { track, sample, startBytes } = cursor;
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `sample ${sample} of track ${track.id} shares bytes with sample ${other.sample} of track ${other.track.id}`,
    {
      boxPath: track.stbl.path,
      offsetBytes: startBytes,
      remedy: 'Bytes can be encrypted once only: remux the file so that each sample has its own.',
    },
  );
}
