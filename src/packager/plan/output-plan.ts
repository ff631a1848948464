import { lastAtMost } from '../../bytes/columns.js';
import type { ByteSource } from '../../bytes/source.js';

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

/** The pieces that make up `[startBytes, endBytes)` of the output, cut to it, in order. */
export function* piecesBetween(
  plan: OutputPlan,
  source: ByteSource,
  startBytes: number,
  endBytes: number,
): Generator<PlacedPiece> {
  const { segmentStartBytes } = plan;
  const segmentCount = segmentStartBytes.length - 1;
  let segment = lastAtMost(segmentStartBytes, startBytes, segmentCount);
  for (; segment < segmentCount && segmentStartBytes[segment] < endBytes; segment++) {
    let at = segmentStartBytes[segment];
    for (const piece of plan.pieces(segment, source)) {
      const pieceEnd = at + lengthOf(piece);
      const from = Math.max(at, startBytes);
      const to = Math.min(pieceEnd, endBytes);
      if (from < to) yield { piece: cut(piece, from - at, to - at), outputBytes: from };
      at = pieceEnd;
    }
  }
}

export function lengthOf(piece: Piece): number {
  return piece.kind === 'literal' ? piece.bytes.length : piece.lengthBytes;
}

function cut(piece: Piece, from: number, to: number): Piece {
  if (piece.kind === 'literal') return { kind: 'literal', bytes: piece.bytes.subarray(from, to) };
  return { kind: 'copy', inputBytes: piece.inputBytes + from, lengthBytes: to - from };
}
