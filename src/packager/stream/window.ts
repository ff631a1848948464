import type { ByteSource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import { STREAM_NAME } from './box-stream.js';

/** Bytes of the stream that are in memory, and where in it they lie. */
export interface Held {
  readonly startBytes: number;
  readonly bytes: Uint8Array;
}

/**
 * A stream as if it were a file: what it began with, and the fragment at hand where it belongs. All that lies between is gone, and
 * reads as one `free` box, so that offsets are those of the stream.
 */
export class StreamWindow implements ByteSource {
  readonly path = STREAM_NAME;
  readonly sizeBytes: number;
  readonly #held: readonly Held[];

  /** @param fragment consecutive boxes that come after `init`; none for `init` alone */
  constructor(init: Uint8Array, fragment: readonly Held[]) {
    const start = fragment[0]?.startBytes ?? init.length;
    const gone = { startBytes: init.length, bytes: freeHeader(start - init.length) };
    this.#held = [{ startBytes: 0, bytes: init }, gone, ...fragment];
    const last = fragment.at(-1);
    this.sizeBytes = last ? last.startBytes + last.bytes.length : init.length;
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    const endBytes = offsetBytes + target.length;
    if (endBytes > this.sizeBytes) {
      throw new PrpackError('TRUNCATED_INPUT', `${this.path}: a fragment points behind its end`, {
        offsetBytes,
        expected: endBytes,
        received: this.sizeBytes,
        remedy: 'Look at the messages of the program that writes the stream.',
      });
    }
    target.fill(0);
    for (const { startBytes, bytes } of this.#held) {
      const from = Math.max(offsetBytes, startBytes);
      const to = Math.min(endBytes, startBytes + bytes.length);
      if (from < to) target.set(bytes.subarray(from - startBytes, to - startBytes), from - offsetBytes);
    }
  }

  close(): void {}
}

/** The header of a `free` box of so many bytes: 0, or as many as one or more boxes had. */
function freeHeader(sizeBytes: number): Uint8Array {
  if (sizeBytes === 0) return new Uint8Array();
  const isLarge = sizeBytes > 0xffffffff;
  const header = new Uint8Array(isLarge ? 16 : 8);
  const view = new DataView(header.buffer);
  view.setUint32(0, isLarge ? 1 : sizeBytes);
  view.setUint32(4, 0x66726565); // free
  if (isLarge) view.setBigUint64(8, BigInt(sizeBytes));
  return header;
}
