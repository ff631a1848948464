import type { ByteSource } from '../../bytes/source.js';
import { type OutputPlan, PlanReader } from '../plan/output-plan.js';

/** Output is produced and written in stretches of so many bytes: few enough messages, little enough memory. */
export const STRETCH_BYTES = 2 ** 20;

/** A stretch of the output with all that is needed to make it, as plain data that a worker thread can be sent. */
export interface Stretch {
  readonly startBytes: number;
  readonly lengthBytes: number;
  readonly literals: readonly Literal[];
  /**
   * What comes from the input, three numbers a piece: where in the stretch it goes, where in the input it is, and how
   * long it is. Interleaved input has thousands a second, and objects would cost more than the reading.
   */
  readonly copies: Float64Array;
}

/** New bytes, and where in the stretch they go. */
interface Literal {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The whole output in stretches of at most so many bytes, from its beginning to its end. */
export function* stretchesOf(plan: OutputPlan, source: ByteSource, stretchBytes: number): Generator<Stretch> {
  const reader = new PlanReader(plan, source);
  for (let start = 0; start < plan.sizeBytes; start += stretchBytes) {
    yield describeStretch(reader, start, Math.min(stretchBytes, plan.sizeBytes - start));
  }
}

/** The bytes `[startBytes, startBytes + lengthBytes)` of the output. */
export function describeStretch(reader: PlanReader, startBytes: number, lengthBytes: number): Stretch {
  const literals: Literal[] = [];
  const copies: number[] = [];
  for (const { piece, outputBytes } of reader.between(startBytes, startBytes + lengthBytes)) {
    const at = outputBytes - startBytes;
    if (piece.kind === 'literal') literals.push({ at, bytes: piece.bytes });
    else copies.push(at, piece.inputBytes, piece.lengthBytes);
  }
  return { startBytes, lengthBytes, literals, copies: new Float64Array(copies) };
}
