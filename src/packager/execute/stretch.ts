import type { ByteSource } from '../../bytes/source.js';
import { type OutputPlan, PlanReader } from '../plan/output-plan.js';
import type { SampleProcessor } from './sample-processor.js';

/** A stretch of the output with all that is needed to make it, as plain data that a worker thread can be sent. */
export interface Stretch {
  readonly startBytes: number;
  readonly lengthBytes: number;
  readonly literals: readonly Literal[];
  readonly copies: readonly Copy[];
}

/** New bytes, and where in the stretch they go. */
interface Literal {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** Bytes of the input, and where in the stretch they go. */
interface Copy {
  readonly at: number;
  readonly inputBytes: number;
  readonly lengthBytes: number;
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
  const copies: Copy[] = [];
  for (const { piece, outputBytes } of reader.between(startBytes, startBytes + lengthBytes)) {
    const at = outputBytes - startBytes;
    if (piece.kind === 'literal') literals.push({ at, bytes: piece.bytes });
    else copies.push({ at, inputBytes: piece.inputBytes, lengthBytes: piece.lengthBytes });
  }
  return { startBytes, lengthBytes, literals, copies };
}

/**
 * Fills `target` with the bytes of the stretch, which it must be as long as.
 * @throws PrpackError INPUT_UNREADABLE, TRUNCATED_INPUT
 */
export function renderStretch(
  { literals, copies }: Stretch,
  target: Uint8Array,
  source: ByteSource,
  processor: SampleProcessor,
): void {
  for (const { at, bytes } of literals) target.set(bytes, at);
  for (const { at, inputBytes, lengthBytes } of copies) {
    const part = target.subarray(at, at + lengthBytes);
    source.readInto(part, inputBytes);
    processor.process(part, inputBytes);
  }
  processor.flush();
}
