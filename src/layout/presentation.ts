import type { ByteSource } from '../bytes/source.js';
import type { Movie, Track } from '../isobmff/movie.js';

/** A track to lay out: the tracks of one presentation may come from several inputs. */
export interface PresentationTrack {
  readonly track: Track;
  /** What the track is in. */
  readonly movie: Movie;
  /** Where its samples are. */
  readonly source: ByteSource;
}

/** All tracks of one movie. */
export function presentationOf(movie: Movie, source: ByteSource): PresentationTrack[] {
  return movie.tracks.map((track) => ({ track, movie, source }));
}

/** The movie with this track alone: what an output of one track is made from. */
export function movieOfTrack({ movie, track }: PresentationTrack): Movie {
  return { ...movie, tracks: [{ ...track, index: 0 }] };
}
