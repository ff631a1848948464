import type { ByteSource } from '../../bytes/source.js';
import { type Movie, readMovieInParts } from '../../isobmff/movie.js';

/** So many fragments at a time, so that memory does not hold all samples of an output as well as the input's. */
const FRAGMENTS_A_PART = 16;

/** What was written, part by part, as if it came from elsewhere. */
export function readBack(output: ByteSource): Generator<Movie> {
  return readMovieInParts(output, FRAGMENTS_A_PART);
}
