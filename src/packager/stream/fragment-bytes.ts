import type { ByteSource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import type { Moof } from '../../isobmff/fragments.js';
import { STREAM_NAME } from './box-stream.js';

/** Bytes of the stream that are in memory, and where in it they lie. */
export interface Held {
  readonly startBytes: number;
  readonly bytes: Uint8Array;
  /** Of a `moof` that was read already. */
  readonly moof?: Moof;
}

/** A fragment of a stream in memory: consecutive boxes, at their offsets in the stream. All before it is gone. */
export class FragmentBytes implements ByteSource {
  readonly path = STREAM_NAME;
  readonly startBytes: number;
  readonly sizeBytes: number;
  readonly #boxes: readonly Held[];

  /** @param boxes at least one */
  constructor(boxes: readonly Held[]) {
    this.#boxes = boxes;
    this.startBytes = boxes[0].startBytes;
    const last = boxes[boxes.length - 1];
    this.sizeBytes = last.startBytes + last.bytes.length;
  }

  /** The `moof` boxes of the fragment that were read already, in order. */
  get moofs(): Moof[] {
    const moofs: Moof[] = [];
    for (const { moof } of this.#boxes) if (moof) moofs.push(moof);
    return moofs;
  }

  view(offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
    for (const { startBytes, bytes } of this.#boxes) {
      const from = offsetBytes - startBytes;
      if (from >= 0 && from + lengthBytes <= bytes.length) return bytes.subarray(from, from + lengthBytes);
    }
    return undefined;
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    const endBytes = offsetBytes + target.length;
    if (offsetBytes < this.startBytes || endBytes > this.sizeBytes)
      throw this.#outside(offsetBytes, endBytes);
    for (const { startBytes, bytes } of this.#boxes) {
      const from = Math.max(offsetBytes, startBytes);
      const to = Math.min(endBytes, startBytes + bytes.length);
      if (from < to) target.set(bytes.subarray(from - startBytes, to - startBytes), from - offsetBytes);
    }
  }

  close(): void {}

  #outside(offsetBytes: number, endBytes: number): PrpackError {
    return new PrpackError('TRUNCATED_INPUT', `${this.path}: a fragment points outside itself`, {
      offsetBytes,
      expected: `${this.startBytes} to ${this.sizeBytes}`,
      received: `${offsetBytes} to ${endBytes}`,
      remedy: 'Look at the messages of the program that writes the stream.',
    });
  }
}
