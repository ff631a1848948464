import { createHash } from 'node:crypto';
import { OutputFile } from '../../bytes/output-file.js';
import { OutputStream } from '../../bytes/output-stream.js';
import type { ByteWritable } from '../../bytes/platform.js';

/** Where an output goes that is written from its beginning to its end. */
export interface Target {
  write(bytes: Uint8Array): Promise<void>;
  /** Bytes written so far. */
  readonly sizeBytes: number;
  /** SHA-256 of all that was written: 64 hexadecimal digits. Ends the writing. */
  sha256(): string;
}

/** A stream: what was written has left. */
export class StreamTarget implements Target {
  sizeBytes = 0;
  readonly #output: OutputStream;
  readonly #hash = createHash('sha256');

  constructor(output: ByteWritable) {
    this.#output = new OutputStream(output);
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#output.write(bytes);
    this.#hash.update(bytes);
    this.sizeBytes += bytes.length;
  }

  sha256(): string {
    return this.#hash.digest('hex');
  }
}

/** Small pieces are written together, so many bytes at a time. */
const TOGETHER_BYTES = 256 * 1024;

/** A file, which gets its name at the end; the caller must end it with `file.publish` or `file.discard`. */
export class FileTarget implements Target {
  sizeBytes = 0;
  readonly file: OutputFile;
  readonly #hash = createHash('sha256');
  #waiting: Uint8Array[] = [];
  #writtenBytes = 0;

  /** @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED */
  constructor(path: string, replace: boolean) {
    this.file = new OutputFile(path, replace);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.sizeBytes += bytes.length;
    if (this.sizeBytes - this.#writtenBytes >= TOGETHER_BYTES) this.flush();
  }

  /** Hands all to the system that was written so far. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.file.writeAt(bytes, this.#writtenBytes);
    this.#hash.update(bytes);
    this.#writtenBytes += bytes.length;
  }

  sha256(): string {
    this.flush();
    return this.#hash.digest('hex');
  }
}
