import type { ByteSource } from '../../bytes/source.js';
import { firstEndingAfter, type SamplePlaces } from '../../isobmff/sample-table.js';
import { type OutputPlan, PlanReader } from '../../layout/output-plan.js';

/** Output is produced and written in chunks of so many bytes: few enough messages, little enough memory. */
export const CHUNK_BYTES = 2 ** 20;

/** A chunk of the output with all that is needed to make it, as plain data that a worker thread can be sent. */
export interface Chunk {
  readonly startBytes: number;
  readonly lengthBytes: number;
  readonly literals: readonly Literal[];
  /**
   * What comes from the input, three numbers a piece: where in the chunk it goes, where in the input it is, and how
   * long it is. Interleaved input has thousands a second, and objects would cost more than the reading.
   */
  readonly copies: Float64Array;
}

/** A chunk of one of several outputs. */
export interface OutputChunk extends Chunk {
  /** Which output. */
  readonly output: number;
}

/** New bytes, and where in the chunk they go. */
interface Literal {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * The whole output in chunks, from its beginning to its end. Each has at most `chunkBytes` bytes, unless it is one
 * sample that must be whole.
 * @param wholeSamples samples of the input that no chunk may hold a part of
 */
export function* chunksOf(
  plan: OutputPlan,
  source: ByteSource,
  chunkBytes: number,
  wholeSamples: readonly SamplePlaces[],
): Generator<Chunk> {
  const reader = new PlanReader(plan, source);
  for (let start = 0; start < plan.sizeBytes; ) {
    const chunk = describeChunk(reader, start, Math.min(chunkBytes, plan.sizeBytes - start));
    const whole = wholeSamples.length === 0 ? chunk : withoutParts(chunk, reader, wholeSamples);
    yield whole;
    start += whole.lengthBytes;
  }
}

/** The bytes `[startBytes, startBytes + lengthBytes)` of the output. */
export function describeChunk(reader: PlanReader, startBytes: number, lengthBytes: number): Chunk {
  const literals: Literal[] = [];
  const copies: number[] = [];
  reader.read(startBytes, startBytes + lengthBytes, {
    literal: (bytes, outputBytes) => literals.push({ at: outputBytes - startBytes, bytes }),
    copy: (inputBytes, copyBytes, outputBytes) =>
      copies.push(outputBytes - startBytes, inputBytes, copyBytes),
  });
  return { startBytes, lengthBytes, literals, copies: new Float64Array(copies) };
}

/** The chunk, ended before the sample that its end would part; or, where it begins with that sample, behind it. */
function withoutParts(chunk: Chunk, reader: PlanReader, wholeSamples: readonly SamplePlaces[]): Chunk {
  const { startBytes, lengthBytes, copies } = chunk;
  const [at, inputBytes, copyBytes] = copies.subarray(-3);
  if (copies.length === 0 || at + copyBytes < lengthBytes) return chunk;
  const parted = sampleAround(wholeSamples, inputBytes + copyBytes);
  if (!parted) return chunk;
  const beforeBytes = at + parted.startBytes - inputBytes;
  if (beforeBytes <= 0) return describeChunk(reader, startBytes, at + parted.endBytes - inputBytes);
  const shorter = copies.slice();
  shorter[shorter.length - 1] = parted.startBytes - inputBytes;
  const kept = shorter[shorter.length - 1] > 0 ? shorter : shorter.subarray(0, -3);
  return { ...chunk, lengthBytes: beforeBytes, copies: kept };
}

/** The sample that begins before an offset of the input and ends behind it. */
export function sampleAround(
  tracks: readonly SamplePlaces[],
  inputBytes: number,
): { startBytes: number; endBytes: number } | undefined {
  for (const samples of tracks) {
    const position = firstEndingAfter(samples, inputBytes);
    if (position === samples.count) continue;
    const sample = samples.byOffset ? samples.byOffset[position] : position;
    const startBytes = samples.offsets[sample];
    if (startBytes < inputBytes) return { startBytes, endBytes: startBytes + samples.sizes[sample] };
  }
  return undefined;
}
