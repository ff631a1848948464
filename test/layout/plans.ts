import type { ByteSource } from '../../src/bytes/source.js';
import { readBytes } from '../../src/bytes/source.js';
import { NO_PATTERN } from '../../src/cenc/scheme.js';
import type { Track } from '../../src/isobmff/movie.js';
import type { OutputPlan, SegmentPiece } from '../../src/layout/output-plan.js';
import type { TrackEncryption } from '../../src/protection/track-protection.js';
import { type Piece, pieceSize, totalSize } from '../support/builder/pieces.js';

export const KID = '11111111-2222-3333-4444-555555555555';

/** What encryption asks of a plan for a track that is protected as a whole, its IVs 0, 1, 2, … of 8 bytes. */
export function wholeSamples(track: Track): TrackEncryption {
  return {
    track,
    scheme: 'cenc',
    pattern: NO_PATTERN,
    ivPlan: { kind: 'counting8', start: new Uint8Array(8) },
    subsamples: undefined,
    keyNumbers: undefined,
    kids: [KID],
    tenc: {
      defaultCryptByteBlock: 0,
      defaultSkipByteBlock: 0,
      defaultIsProtected: true,
      defaultPerSampleIvSize: 8,
      defaultKid: KID,
    },
  };
}

function bytesOf(piece: SegmentPiece, source: ByteSource): Uint8Array[] {
  if (piece.kind === 'literal') return [piece.bytes];
  if (piece.kind === 'copy') return [readBytes(source, piece.inputBytes, piece.lengthBytes)];
  const { ranges } = piece;
  return ranges.flatMap((at, i) => (i % 2 === 0 ? [readBytes(source, at, ranges[i + 1])] : []));
}

/** The output that a plan describes, with media bytes as they are in the input. */
export function render(plan: OutputPlan, source: ByteSource): Buffer {
  const parts: Uint8Array[] = [];
  for (let segment = 0; segment < plan.segmentStartBytes.length - 1; segment++) {
    const pieces = plan.pieces(segment, source);
    const bytes = pieces.flatMap((piece) => bytesOf(piece, source));
    const expected = plan.segmentStartBytes[segment + 1] - plan.segmentStartBytes[segment];
    if (totalSize(bytes) !== expected) throw new Error(`segment ${segment} is not as long as it was planned`);
    parts.push(...bytes);
  }
  const whole = Buffer.concat(parts);
  if (whole.length !== plan.sizeBytes) throw new Error('the output is not as long as it was planned');
  return whole;
}

/** A source over pieces, holes included, of which nothing is copied before it is read. */
export function sourceOf(pieces: readonly Piece[]): ByteSource {
  const sizeBytes = totalSize(pieces);
  const readInto = (target: Uint8Array, offsetBytes: number) => {
    target.fill(0);
    let at = 0;
    for (const piece of pieces) {
      const from = Math.max(offsetBytes, at);
      const to = Math.min(offsetBytes + target.length, at + pieceSize(piece));
      if (from < to && piece instanceof Uint8Array) {
        target.set(piece.subarray(from - at, to - at), from - offsetBytes);
      }
      at += pieceSize(piece);
    }
  };
  return { path: '(pieces)', sizeBytes, readInto, close: () => {} } as ByteSource;
}

/** The bytes of the first box of a type that is found after `from`, by its name: for files whose media holds no names. */
export function boxIn(bytes: Buffer, type: string, from = 0): Buffer {
  const at = bytes.indexOf(type, from, 'latin1') - 4;
  if (at < 0) throw new Error(`there is no ${type}`);
  return bytes.subarray(at, at + bytes.readUInt32BE(at));
}
