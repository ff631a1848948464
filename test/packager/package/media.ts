import { type MediaTrack, openMedia } from '../../../src/packager/package/media.js';
import type { TrackDescription } from '../../../src/packager/package/types.js';
import type { BuiltTrack } from '../../support/builder/movie.js';
import { writeMovie } from '../../support/ladder.js';

/** The tracks of a file with these tracks; sources stay open until the test ends. */
export async function mediaOf(
  path: string,
  tracks: readonly BuiltTrack[],
  corrections: TrackDescription = {},
): Promise<readonly MediaTrack[]> {
  return (await openMedia(writeMovie(path, tracks), corrections, undefined)).tracks;
}
