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

/**
 * A whole output, described before the first byte of it is written. It is a list of segments, each of which can be
 * produced on its own and in any order: what a segment is made of follows from the plan and the input alone.
 */
export interface OutputPlan {
  readonly sizeBytes: number;
  /** Segment count + 1 ascending output offsets; the last is the size of the output. */
  readonly segmentStartBytes: Float64Array;
  /** The pieces of a segment, in order, without gaps. */
  pieces(segment: number, source: ByteSource): readonly Piece[];
}

/** A piece, or a part of one, and where in the output it belongs. */
export interface PlacedPiece {
  readonly piece: Piece;
  readonly outputBytes: number;
}

/**
 * Reads a plan chunk by chunk. Neighbouring chunks share the segment that both lie in: it is made once when they
 * are read in order.
 */
export class PlanReader {
  readonly #plan: OutputPlan;
  readonly #source: ByteSource;
  #segment = -1;
  #pieces: readonly Piece[] = [];

  constructor(plan: OutputPlan, source: ByteSource) {
    this.#plan = plan;
    this.#source = source;
  }

  /** The pieces that make up `[startBytes, endBytes)` of the output, cut to it, in order. */
  *between(startBytes: number, endBytes: number): Generator<PlacedPiece> {
    const { segmentStartBytes } = this.#plan;
    const segmentCount = segmentStartBytes.length - 1;
    let segment = lastAtMost(segmentStartBytes, startBytes, segmentCount);
    for (; segment < segmentCount && segmentStartBytes[segment] < endBytes; segment++) {
      let at = segmentStartBytes[segment];
      for (const piece of this.#piecesOf(segment)) {
        const pieceEnd = at + lengthOf(piece);
        const from = Math.max(at, startBytes);
        const to = Math.min(pieceEnd, endBytes);
        if (from < to) yield { piece: cut(piece, from - at, to - at), outputBytes: from };
        at = pieceEnd;
      }
    }
  }

  #piecesOf(segment: number): readonly Piece[] {
    if (segment !== this.#segment) {
      this.#pieces = this.#plan.pieces(segment, this.#source);
      this.#segment = segment;
      assertFilled(this.#plan, segment, this.#pieces);
    }
    return this.#pieces;
  }
}

function assertFilled({ segmentStartBytes }: OutputPlan, segment: number, pieces: readonly Piece[]): void {
  const expected = segmentStartBytes[segment + 1] - segmentStartBytes[segment];
  const received = pieces.reduce((sum, piece) => sum + lengthOf(piece), 0);
  if (expected === received) return;
  throw new PrpackError('INTERNAL', `segment ${segment} of the output has another size than planned`, {
    expected,
    received,
    remedy: `This is a defect of prpack; report it with what inspect says of the input with ${named('boxes', true)}.`,
  });
}

function lengthOf(piece: Piece): number {
  return piece.kind === 'literal' ? piece.bytes.length : piece.lengthBytes;
}

function cut(piece: Piece, from: number, to: number): Piece {
  if (from === 0 && to === lengthOf(piece)) return piece;
  if (piece.kind === 'literal') return { kind: 'literal', bytes: piece.bytes.subarray(from, to) };
  return { kind: 'copy', inputBytes: piece.inputBytes + from, lengthBytes: to - from };
}
