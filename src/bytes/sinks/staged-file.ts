import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { StagedBytes } from '../sink.js';
import { type ByteSource, FileSource } from '../source.js';
import { type OutputHandle, outputFailure, writeFully } from '../write.js';

/** Small pieces are written together, so many bytes at a time. */
const TOGETHER_BYTES = 256 * 1024;

/** A new file under a name of its own, until it gets that of the output. */
export class StagedFile implements StagedBytes {
  /** Of the output, for messages. */
  readonly path: string;
  /** Where the bytes are. */
  readonly temporaryPath: string;
  sizeBytes = 0;
  #fd: number | undefined;
  /** Made with the first small piece: outputs that threads write have none. */
  #gathered: Uint8Array | undefined;
  #gatheredBytes = 0;
  #writtenBytes = 0;

  /**
   * @param mode of the file; by default what the user wants for files
   * @throws PrpackError OUTPUT_FAILED
   */
  constructor(path: string, temporaryPath: string, mode?: number) {
    this.path = path;
    this.temporaryPath = temporaryPath;
    try {
      this.#fd = openSync(temporaryPath, 'wx+', mode);
    } catch (cause) {
      throw outputFailure(path, 'cannot be created', cause);
    }
  }

  get handle(): OutputHandle {
    if (this.#fd === undefined) throw new Error('the output file is closed');
    return { path: this.path, fd: this.#fd };
  }

  /** @throws PrpackError OUTPUT_FAILED */
  async append(bytes: Uint8Array): Promise<void> {
    this.sizeBytes += bytes.length;
    if (this.#gatheredBytes + bytes.length > TOGETHER_BYTES) this.writeGathered();
    if (bytes.length > TOGETHER_BYTES) {
      this.#write(bytes);
      return;
    }
    this.#gathered ??= new Uint8Array(TOGETHER_BYTES);
    this.#gathered.set(bytes, this.#gatheredBytes);
    this.#gatheredBytes += bytes.length;
  }

  /**
   * Hands everything to the disk.
   * @throws PrpackError OUTPUT_FAILED
   */
  flush(): void {
    this.writeGathered();
    const { fd } = this.handle;
    try {
      fsyncSync(fd);
    } catch (cause) {
      throw outputFailure(this.path, 'cannot be flushed to the disk', cause);
    }
  }

  reopen(): ByteSource {
    return new FileSource(this.temporaryPath);
  }

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Hands what was appended to the operating system. */
  writeGathered(): void {
    if (this.#gatheredBytes === 0) return;
    this.#write(this.#gathered!.subarray(0, this.#gatheredBytes));
    this.#gatheredBytes = 0;
  }

  #write(bytes: Uint8Array): void {
    writeFully(this.handle, bytes, this.#writtenBytes);
    this.#writtenBytes += bytes.length;
  }
}
