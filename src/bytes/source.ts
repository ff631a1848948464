import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { PrpackError } from '../errors.js';

/** Random access to the bytes of an input. Reads are synchronous: plans make many small ones. */
export interface ByteSource {
  /** For messages. */
  readonly path: string;
  readonly sizeBytes: number;
  /**
   * Fills `target` with the bytes from `offsetBytes` on.
   * @throws PrpackError TRUNCATED_INPUT when the input ends before that; INPUT_UNREADABLE on a read error
   */
  readInto(target: Uint8Array, offsetBytes: number): void;
  close(): void;
  /**
   * A view of bytes that lie in memory, not to be changed; undefined where they do not lie there one after the other. Absent where none
   * do.
   */
  view?(offsetBytes: number, lengthBytes: number): Uint8Array | undefined;
  /** What other threads of the process can read the same bytes by; absent where they lie in memory. */
  readonly file?: OpenFile;
}

/** A file opened by another thread: descriptors belong to the process. */
export interface OpenFile {
  readonly path: string;
  readonly fd: number;
  readonly sizeBytes: number;
}

const OPEN_PROBLEMS: Record<string, [code: 'INPUT_NOT_FOUND' | 'INPUT_UNREADABLE', remedy: string]> = {
  ENOENT: ['INPUT_NOT_FOUND', 'Check the path of the input.'],
  ENOTDIR: ['INPUT_NOT_FOUND', 'Check the path of the input.'],
  EACCES: ['INPUT_UNREADABLE', 'Make the file readable for this user.'],
};

/** A file that someone else opened for reading, and will close. */
export class BorrowedSource implements ByteSource {
  readonly file: OpenFile;

  constructor(file: OpenFile) {
    this.file = file;
  }

  get path(): string {
    return this.file.path;
  }

  get sizeBytes(): number {
    return this.file.sizeBytes;
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    let done = 0;
    while (done < target.length) {
      const count = this.#readSome(target, done, offsetBytes + done);
      if (count === 0) throw endsTooEarly(this, offsetBytes, target.length);
      done += count;
    }
  }

  close(): void {}

  #readSome(target: Uint8Array, from: number, offsetBytes: number): number {
    try {
      return readSync(this.file.fd, target, from, target.length - from, offsetBytes);
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      if (reason === 'EINTR') return this.#readSome(target, from, offsetBytes); // a signal came first: no failure
      throw new PrpackError(
        'INPUT_UNREADABLE',
        `reading ${this.path} failed at byte ${offsetBytes}: ${reason}`,
        { path: this.path, offsetBytes, remedy: 'Check the disk or network share that holds the input.' },
        cause,
      );
    }
  }
}

/** Opening a pipe waits for somebody to write into it, unless asked not to; for files it changes nothing. */
const WITHOUT_WAITING = constants.O_NONBLOCK ?? 0; // there is no such flag on Windows

/** A file up to this size is read once, and lies in memory from then on: to plan, write and check takes dozens of reads. */
const SMALL_FILE_BYTES = 2 ** 20;

/** A regular file, opened for reading. */
export class FileSource extends BorrowedSource {
  readonly #heldBytes: number;
  #whole: Uint8Array | undefined;

  /**
   * @param heldBytes up to this size, all of the file is read once; 0 where there are many files, of which little is read
   * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
   */
  constructor(path: string, heldBytes = SMALL_FILE_BYTES) {
    super(openInput(path));
    this.#heldBytes = heldBytes;
  }

  override readInto(target: Uint8Array, offsetBytes: number): void {
    const held = this.view(offsetBytes, target.length);
    if (held) target.set(held);
    else super.readInto(target, offsetBytes);
  }

  view(offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
    const { sizeBytes } = this;
    if (sizeBytes > this.#heldBytes || offsetBytes + lengthBytes > sizeBytes) return undefined;
    this.#whole ??= this.#read();
    return this.#whole.subarray(offsetBytes, offsetBytes + lengthBytes);
  }

  #read(): Uint8Array {
    const whole = new Uint8Array(this.sizeBytes);
    super.readInto(whole, 0);
    return whole;
  }

  override close(): void {
    this.#whole = undefined;
    closeSync(this.file.fd);
  }
}

function openInput(path: string): OpenFile {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | WITHOUT_WAITING);
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? '';
    const [code, remedy] = OPEN_PROBLEMS[reason] ?? ['INPUT_UNREADABLE', 'Check that the file can be read.'];
    throw new PrpackError(code, `cannot open ${path}: ${reason}`, { path, remedy }, cause);
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return { path, fd, sizeBytes: stat.size };
  closeSync(fd);
  throw new PrpackError('INPUT_UNREADABLE', `${path} is not a regular file`, {
    path,
    remedy: 'Give the path of an MP4 file; pipes and directories cannot be read at random places.',
  });
}

/** Bytes already in memory. */
export class MemorySource implements ByteSource {
  readonly path: string;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, path = '(memory)') {
    this.#bytes = bytes;
    this.path = path;
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    if (offsetBytes + target.length > this.#bytes.length)
      throw endsTooEarly(this, offsetBytes, target.length);
    target.set(this.#bytes.subarray(offsetBytes, offsetBytes + target.length));
  }

  close(): void {}
}

/** A copy of `lengthBytes` bytes from `offsetBytes` on. */
export function readBytes(source: ByteSource, offsetBytes: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes);
  source.readInto(bytes, offsetBytes);
  return bytes;
}

/** Small reads at rising offsets, served from one sliding window over a source. */
export class ReadWindow {
  readonly source: ByteSource;
  readonly #capacityBytes: number;
  /** Made with the first read: bytes that lie in memory need none. */
  #bytes: Uint8Array | undefined;
  #startBytes = 0;
  #endBytes = 0;

  constructor(source: ByteSource, capacityBytes = 64 * 1024) {
    this.source = source;
    this.#capacityBytes = capacityBytes;
  }

  /**
   * A view of the bytes, valid until the next call.
   * @throws PrpackError TRUNCATED_INPUT
   */
  view(offsetBytes: number, lengthBytes: number): Uint8Array {
    const held = this.source.view?.(offsetBytes, lengthBytes);
    if (held) return held;
    const isLoaded = offsetBytes >= this.#startBytes && offsetBytes + lengthBytes <= this.#endBytes;
    const bytes = this.#bytes && isLoaded ? this.#bytes : this.#load(offsetBytes, lengthBytes);
    const from = offsetBytes - this.#startBytes;
    return bytes.subarray(from, from + lengthBytes);
  }

  #load(offsetBytes: number, lengthBytes: number): Uint8Array {
    const { source } = this;
    if (offsetBytes + lengthBytes > source.sizeBytes) throw endsTooEarly(source, offsetBytes, lengthBytes);
    const wanted = Math.max(lengthBytes, Math.min(this.#capacityBytes, source.sizeBytes - offsetBytes));
    if (!this.#bytes || wanted > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(wanted, this.#capacityBytes));
    }
    this.#endBytes = 0; // nothing is valid if the read throws
    source.readInto(this.#bytes.subarray(0, wanted), offsetBytes);
    this.#startBytes = offsetBytes;
    this.#endBytes = offsetBytes + wanted;
    return this.#bytes;
  }
}

/** The error of a source that has fewer bytes than asked for. */
export function endsTooEarly(source: ByteSource, offsetBytes: number, lengthBytes: number): PrpackError {
  return new PrpackError('TRUNCATED_INPUT', `${source.path} ends in the middle of its content`, {
    path: source.path,
    offsetBytes,
    expected: offsetBytes + lengthBytes,
    received: source.sizeBytes,
    remedy: 'The file is incomplete: copy or download it again.',
  });
}
