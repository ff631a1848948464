import { Readable, Writable } from 'node:stream';

/** The bytes as a stream, in pieces of so many bytes. */
export function streamOf(bytes: Uint8Array, chunkBytes = 10_000): Readable {
  function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  }
  return Readable.from(chunks(), { objectMode: false });
}

/** A stream that keeps what is written to it. */
export class Collected extends Writable {
  readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.chunks.push(Buffer.from(chunk));
    done();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }
}
