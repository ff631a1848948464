import { PrpackError } from '../errors.js';
import { stateOfFile } from './files.js';
import { type ByteSource, endsTooEarly, FileSource } from './source.js';

/**
 * Files one behind the other, as if they were one: a header and its segments. One of them is open at a time, as there may be thousands.
 */
export class JoinedSource implements ByteSource {
  readonly path: string;
  readonly paths: readonly string[];
  /** Where each file begins, and the end of the last. */
  readonly startBytes: readonly number[];
  #open: { readonly place: number; readonly source: FileSource } | undefined;

  /**
   * @param path what messages call it
   * @throws PrpackError INPUT_NOT_FOUND
   */
  constructor(path: string, paths: readonly string[]) {
    this.path = path;
    this.paths = paths;
    const startBytes = [0];
    for (const one of paths) startBytes.push(startBytes[startBytes.length - 1] + sizeOf(one));
    this.startBytes = startBytes;
  }

  get sizeBytes(): number {
    return this.startBytes[this.paths.length];
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    if (offsetBytes + target.length > this.sizeBytes) throw endsTooEarly(this, offsetBytes, target.length);
    let done = 0;
    for (let place = this.placeOf(offsetBytes); done < target.length; place++) {
      const from = offsetBytes + done;
      const count = Math.min(target.length - done, this.startBytes[place + 1] - from);
      if (count === 0) continue;
      this.#sourceAt(place).readInto(target.subarray(done, done + count), from - this.startBytes[place]);
      done += count;
    }
  }

  /** Index of the file that an offset lies in. */
  placeOf(offsetBytes: number): number {
    let low = 0;
    let high = this.paths.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.startBytes[middle] <= offsetBytes) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  close(): void {
    this.#open?.source.close();
    this.#open = undefined;
  }

  #sourceAt(place: number): FileSource {
    if (this.#open?.place === place) return this.#open.source;
    this.close();
    this.#open = { place, source: new FileSource(this.paths[place]) };
    return this.#open.source;
  }
}

function sizeOf(path: string): number {
  const state = stateOfFile(path);
  if (state) return state.bytes;
  throw new PrpackError('INPUT_NOT_FOUND', `there is no file ${path}`, {
    path,
    remedy: 'Check the path of the input.',
  });
}
