import { lastAtMost } from '../bytes/columns.js';
import type { ByteSource } from '../bytes/source.js';
import { PrpackError } from '../errors.js';
import { named } from '../settings/spelling.js';

/** Bytes of the output that are new. */
export interface LiteralPiece {
  readonly kind: 'literal';
  readonly bytes: Uint8Array;
}

/** Bytes of the input carried over; samples of protected tracks among them change on the way. */
export interface CopyPiece {
  readonly kind: 'copy';
  readonly inputBytes: number;
  readonly lengthBytes: number;
}

export type Piece = LiteralPiece | CopyPiece;

/** Ranges of the input carried over, one behind the other. A fragment has hundreds, and an object each would outlive collections. */
export interface CopiesPiece {
  readonly kind: 'copies';
  /** Two numbers a range: where in the input it is, and how long it is, in bytes. */
  readonly ranges: readonly number[];
  /** Of all ranges. */
  readonly lengthBytes: number;
}

/** What a segment is made of. */
export type SegmentPiece = Piece | CopiesPiece;

/**
 * A whole output, described before the first byte of it is written. It is a list of segments, each of which can be
 * produced on its own and in any order: what a segment is made of follows from the plan and the input alone.
 */
export interface OutputPlan {
  readonly sizeBytes: number;
  /** Segment count + 1 ascending output offsets; the last is the size of the output. */
  readonly segmentStartBytes: Float64Array;
  /** The pieces of a segment, in order, without gaps. */
  pieces(segment: number, source: ByteSource): readonly SegmentPiece[];
}

/** Takes what a part of the output is made of, in order. Calls with numbers: an object for each range would cost more than its copying. */
export interface PieceTaker {
  literal(bytes: Uint8Array, outputBytes: number): void;
  copy(inputBytes: number, lengthBytes: number, outputBytes: number): void;
}

/**
 * Reads a plan chunk by chunk. Neighbouring chunks share the segment that both lie in: it is made once when they
 * are read in order.
 */
export class PlanReader {
  readonly #plan: OutputPlan;
  readonly #source: ByteSource;
  #segment = -1;
  #pieces: readonly SegmentPiece[] = [];

  constructor(plan: OutputPlan, source: ByteSource) {
    this.#plan = plan;
    this.#source = source;
  }

  /** Gives what makes up `[startBytes, endBytes)` of the output, cut to it. */
  read(startBytes: number, endBytes: number, taker: PieceTaker): void {
    const { segmentStartBytes } = this.#plan;
    const segmentCount = segmentStartBytes.length - 1;
    let segment = lastAtMost(segmentStartBytes, startBytes, segmentCount);
    for (; segment < segmentCount && segmentStartBytes[segment] < endBytes; segment++) {
      let at = segmentStartBytes[segment];
      for (const piece of this.#piecesOf(segment)) {
        if (piece.kind === 'literal') giveLiteral(piece.bytes, at, startBytes, endBytes, taker);
        else giveRanges(rangesOf(piece), at, startBytes, endBytes, taker);
        at += lengthOf(piece);
      }
    }
  }

  #piecesOf(segment: number): readonly SegmentPiece[] {
    if (segment !== this.#segment) {
      this.#pieces = this.#plan.pieces(segment, this.#source);
      this.#segment = segment;
      assertFilled(this.#plan, segment, this.#pieces);
    }
    return this.#pieces;
  }
}

function giveLiteral(
  bytes: Uint8Array,
  at: number,
  startBytes: number,
  endBytes: number,
  taker: PieceTaker,
): void {
  const from = Math.max(at, startBytes);
  const to = Math.min(at + bytes.length, endBytes);
  if (from < to) taker.literal(bytes.subarray(from - at, to - at), from);
}

function rangesOf(piece: CopyPiece | CopiesPiece): readonly number[] {
  return piece.kind === 'copies' ? piece.ranges : [piece.inputBytes, piece.lengthBytes];
}

function giveRanges(
  ranges: readonly number[],
  pieceBytes: number,
  startBytes: number,
  endBytes: number,
  taker: PieceTaker,
): void {
  let at = pieceBytes;
  for (let i = 0; i < ranges.length && at < endBytes; i += 2) {
    const end = at + ranges[i + 1];
    const from = Math.max(at, startBytes);
    const lengthBytes = Math.min(end, endBytes) - from;
    if (lengthBytes > 0) taker.copy(ranges[i] + from - at, lengthBytes, from);
    at = end;
  }
}

function assertFilled(
  { segmentStartBytes }: OutputPlan,
  segment: number,
  pieces: readonly SegmentPiece[],
): void {
  const expected = segmentStartBytes[segment + 1] - segmentStartBytes[segment];
  const received = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  if (expected === received) return;
  throw new PrpackError('INTERNAL', `segment ${segment} of the output has another size than planned`, {
    expected,
    received,
    remedy: `This is a defect of prpack; report it with what inspect says of the input with ${named('boxes', true)}.`,
  });
}

function lengthOf(piece: SegmentPiece): number {
  return piece.kind === 'literal' ? piece.bytes.length : piece.lengthBytes;
}
