import { closeSync, constants, openSync } from 'node:fs';
import { PrpackError } from '../errors.js';
import { lastAtMost } from './columns.js';
import { stateOfFile } from './files.js';
import { type ByteSource, endsTooEarly, FileSource } from './source.js';
import { outputFailure, writeFully } from './write.js';

/** Whatever is in the file already stays: another part of it may be written by another thread. */
const MAKE_OR_OPEN = constants.O_WRONLY | constants.O_CREAT;

/** Files that hold one run of bytes together, one after the other. Plain data: any thread can be sent it. */
export interface FileSequence {
  /** For messages. */
  readonly path: string;
  /** Their paths, in order. */
  readonly files: readonly string[];
  /** One a file and one more, ascending: where in the run each begins, and where the last one ends. */
  readonly startBytes: Float64Array;
}

/** A sequence of files of these sizes. */
export function fileSequence(
  path: string,
  files: readonly string[],
  sizesBytes: readonly number[],
): FileSequence {
  const startBytes = new Float64Array(files.length + 1);
  for (const [i, size] of sizesBytes.entries()) startBytes[i + 1] = startBytes[i] + size;
  return { path, files, startBytes };
}

/** The part of one file that a range of the run covers. */
interface FilePart {
  readonly file: string;
  readonly fileBytes: number;
  /** Within the range. */
  readonly from: number;
  readonly to: number;
}

function* partsOf({ files, startBytes }: FileSequence, offset: number, length: number): Generator<FilePart> {
  const end = offset + length;
  for (let i = lastAtMost(startBytes, offset, files.length); i < files.length && startBytes[i] < end; i++) {
    const from = Math.max(offset, startBytes[i]);
    const to = Math.min(end, startBytes[i + 1]);
    if (from === to) continue;
    yield { file: files[i], fileBytes: from - startBytes[i], from: from - offset, to: to - offset };
  }
}

/**
 * Writes all the bytes at an offset of the run. Files are made with their first bytes, by whichever thread comes first, and none stays
 * open: there may be more than a process may have open.
 * @throws PrpackError OUTPUT_FAILED
 */
export function writeAcross(sequence: FileSequence, bytes: Uint8Array, offsetBytes: number): void {
  for (const { file, fileBytes, from, to } of partsOf(sequence, offsetBytes, bytes.length)) {
    const fd = openForWriting(file);
    try {
      writeFully({ path: file, fd }, bytes.subarray(from, to), fileBytes);
    } finally {
      closeSync(fd);
    }
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, MAKE_OR_OPEN);
  } catch (cause) {
    throw outputFailure(path, 'cannot be created', cause);
  }
}

/** @throws PrpackError INPUT_NOT_FOUND */
function sizeOf(path: string): number {
  const state = stateOfFile(path);
  if (state) return state.bytes;
  throw new PrpackError('INPUT_NOT_FOUND', `${path} is missing`, {
    path,
    remedy: 'Make or copy the files of this folder again, all together.',
  });
}

/** Reads the files as if they were one. The file that was read last stays open. */
export class SequenceSource implements ByteSource {
  readonly path: string;
  readonly #sequence: FileSequence;
  #open: FileSource | undefined;

  /**
   * Looks at the size of each file.
   * @throws PrpackError INPUT_NOT_FOUND when one is missing
   */
  constructor(path: string, files: readonly string[]) {
    this.path = path;
    this.#sequence = fileSequence(path, files, files.map(sizeOf));
  }

  get sizeBytes(): number {
    return this.#sequence.startBytes[this.#sequence.files.length];
  }

  /** Sizes of the files, as they were found. */
  get sizesBytes(): number[] {
    const { files, startBytes } = this.#sequence;
    return files.map((_, i) => startBytes[i + 1] - startBytes[i]);
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    if (offsetBytes + target.length > this.sizeBytes) throw endsTooEarly(this, offsetBytes, target.length);
    for (const { file, fileBytes, from, to } of partsOf(this.#sequence, offsetBytes, target.length)) {
      this.#fileAt(file).readInto(target.subarray(from, to), fileBytes);
    }
  }

  close(): void {
    this.#open?.close();
    this.#open = undefined;
  }

  #fileAt(path: string): FileSource {
    if (this.#open?.path !== path) {
      this.close();
      this.#open = new FileSource(path, 0);
    }
    return this.#open;
  }
}
