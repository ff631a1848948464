import type { Movie } from '../../isobmff/movie.js';
import type { BoxEdits } from '../../isobmff/splice.js';
import { KeptRuns, type RunEdits } from '../../layout/kept-runs.js';
import { type MoofEdits, placeRuns } from '../../layout/moof-writer.js';
import type { SampleProcessor } from '../execute/sample-processor.js';
import type { FragmentBytes } from './fragment-bytes.js';

/**
 * Writes some fragments of a movie in memory: their boxes with the edits, offsets where the output has them, and their samples processed.
 * @param outputBytes offset of the first box in the output
 * @throws PrpackError UNSUPPORTED_FEATURE when an offset cannot be expressed in the input's own boxes
 */
export function writeFragment(
  movie: Movie,
  input: FragmentBytes,
  edits: RunEdits,
  processor: SampleProcessor,
  outputBytes: number,
): Uint8Array {
  const { moof, dropped } = edits;
  const runs = new KeptRuns(movie, { moof: onceEach(moof), dropped });
  const moofBytes = runs.moofs.measure(input);
  const starts = placeRuns(movie, { moovBytes: 0, moofBytes }, dropped, runs.moofs.copies, outputBytes);
  runs.place(starts);
  const bytes = new Uint8Array(starts[starts.length - 1] - outputBytes);
  let at = 0;
  for (let run = 0; run < movie.topLevel.count; run++) {
    for (const piece of runs.pieces(run, input)) {
      if (piece.kind === 'literal') {
        bytes.set(piece.bytes, at);
        at += piece.bytes.length;
        continue;
      }
      const { inputBytes, lengthBytes } = piece;
      input.readInto(bytes.subarray(at, at + lengthBytes), inputBytes);
      processor.process(bytes, at, lengthBytes, inputBytes);
      at += lengthBytes;
    }
  }
  processor.flush();
  return bytes;
}

/** Boxes are measured and written from the same edits, which are worth keeping where there are few `moof` boxes. */
function onceEach(moofEdits: MoofEdits): MoofEdits {
  const known = new Map<number, BoxEdits>();
  return (moof, index) => {
    const edits = known.get(index) ?? moofEdits(moof, index);
    known.set(index, edits);
    return edits;
  };
}
