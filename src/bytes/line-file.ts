import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { syncDirectory } from './sinks/file-sink.js';
import { outputFailure } from './write.js';

const NEWLINE = 0x0a;
/** How long a line waits for others to share its flush, in milliseconds. */
const GATHER_MS = 20;

export interface LineFileOptions {
  /** How often a write that failed is tried again, one second apart: a full disk may get room. */
  readonly retries: number;
  /** Ends the waiting between two tries. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A file of lines that only grows: each line is on the disk before its promise ends, and a line that a crash tore is cut off when the
 * file is opened again. Lines that arrive within a moment share a flush. One writer at a time.
 */
export class LineFile {
  readonly path: string;
  readonly #options: LineFileOptions;
  readonly #file: FileHandle;
  #sizeBytes: number;
  #waiting: string[] = [];
  #flushing: Promise<void> | undefined;

  private constructor(path: string, file: FileHandle, sizeBytes: number, options: LineFileOptions) {
    this.path = path;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#options = options;
  }

  /**
   * Opens the file, or makes it.
   * @param accept sees the whole lines that are there, and throws when the file is not one to be continued; only then is it touched
   * @throws PrpackError OUTPUT_FAILED
   */
  static async open(
    path: string,
    options: LineFileOptions,
    accept: (text: string) => void,
  ): Promise<LineFile> {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666).catch((cause) => {
      throw outputFailure(path, 'cannot be opened', cause);
    });
    try {
      const bytes = await file.readFile();
      accept(bytes.toString('utf8'));
      const sizeBytes = bytes.lastIndexOf(NEWLINE) + 1;
      await file.truncate(sizeBytes);
      syncDirectory(dirname(path));
      return new LineFile(path, file, sizeBytes, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Lines that are not on the disk yet. */
  get pending(): number {
    return this.#waiting.length;
  }

  /**
   * Adds a line, without its end.
   * @throws PrpackError OUTPUT_FAILED
   */
  append(line: string): Promise<void> {
    this.#waiting.push(`${line}\n`);
    this.#flushing ??= this.#flush();
    return this.#flushing;
  }

  /**
   * Ends when every line that was added is on the disk.
   * @throws PrpackError OUTPUT_FAILED
   */
  async flush(): Promise<void> {
    if (this.#waiting.length === 0) return;
    this.#flushing ??= this.#flush();
    await this.#flushing;
  }

  async close(): Promise<void> {
    await this.#flushing?.catch(() => {});
    await this.#file.close();
  }

  async #flush(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        await sleep(GATHER_MS);
        const lines = this.#waiting.slice();
        await this.#write(Buffer.from(lines.join('')));
        this.#waiting.splice(0, lines.length);
      }
    } finally {
      this.#flushing = undefined;
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        await this.#writeOnce(bytes);
        return;
      } catch (cause) {
        const { retries, signal } = this.#options;
        if (tries >= retries || signal?.aborted) throw outputFailure(this.path, 'cannot be written', cause);
        await sleep(1000, undefined, signal && { signal }).catch(() => {});
      }
    }
  }

  /** Always at the same place, so that what a failed try left is written over. */
  async #writeOnce(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        done,
        bytes.length - done,
        this.#sizeBytes + done,
      );
      done += bytesWritten;
    }
    await this.#file.datasync();
    this.#sizeBytes += bytes.length;
  }
}
