import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';

/** A part of a file: bytes, or a run of zeros that takes no room on the disk. */
export type Piece = Uint8Array | { readonly hole: number };

export function pieceSize(piece: Piece): number {
  return piece instanceof Uint8Array ? piece.length : piece.hole;
}

export function totalSize(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + pieceSize(piece), 0);
}

/** The whole file in memory: for files of a few megabytes. */
export function toBytes(pieces: readonly Piece[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (piece instanceof Uint8Array ? piece : Buffer.alloc(piece.hole))),
  );
}

/** Writes the file, holes as holes. */
export function writePieces(path: string, pieces: readonly Piece[]): void {
  const fd = openSync(path, 'w');
  try {
    let at = 0;
    for (const piece of pieces) {
      if (piece instanceof Uint8Array) writeSync(fd, piece, 0, piece.length, at);
      at += pieceSize(piece);
    }
    ftruncateSync(fd, at);
  } finally {
    closeSync(fd);
  }
}
