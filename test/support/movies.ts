import { MemorySource } from '../../src/bytes/source.js';
import { type Movie, readMovie } from '../../src/isobmff/movie.js';
import { type Piece, toBytes } from './builder/pieces.js';

/** The movie of a built file, with the bytes that it was read from. */
export function movieOf(pieces: readonly Piece[]): { movie: Movie; source: MemorySource; bytes: Buffer } {
  const bytes = toBytes(pieces);
  const source = new MemorySource(bytes);
  return { movie: readMovie(source), source, bytes };
}
