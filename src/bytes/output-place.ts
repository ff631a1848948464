import { type FileSequence, writeAcross } from './file-sequence.js';
import { type OutputHandle, writeFully } from './write.js';

/** Where the bytes of an output go: one file, or several. */
export type OutputPlace = OutputHandle | FileSequence;

/**
 * Writes all the bytes at an offset.
 * @throws PrpackError OUTPUT_FAILED
 */
export function writeAt(place: OutputPlace, bytes: Uint8Array, offsetBytes: number): void {
  if ('fd' in place) writeFully(place, bytes, offsetBytes);
  else writeAcross(place, bytes, offsetBytes);
}
