import type { ByteSource } from './source.js';
import type { OutputHandle } from './write.js';

/** What appears whole when it is committed, or not at all. The caller must end it with `commit` or `abort`. */
export interface Publishable {
  /** For messages: a path, or `-` for a stream. */
  readonly path: string;
  /** Whether nobody sees it before it is committed: false for a stream, whose bytes leave as they are written. */
  readonly isStaged: boolean;
  /**
   * Whether there is room for so many bytes, asked before the work begins.
   * @throws PrpackError OUTPUT_FAILED
   */
  assertRoom(sizeBytes: number): void;
  /**
   * Hands everything to the disk.
   * @throws PrpackError OUTPUT_FAILED
   */
  flush(): void | Promise<void>;
  /**
   * Gives the output its name.
   * @throws PrpackError OUTPUT_EXISTS when another process made it meanwhile; OUTPUT_FAILED
   */
  commit(): void | Promise<void>;
  /** Removes what is not committed; after `commit` it does nothing. */
  abort(): void | Promise<void>;
}

/** Takes the bytes of an output, one piece after the other. */
export interface Sink extends Publishable {
  /** Bytes appended so far. */
  readonly sizeBytes: number;
  /**
   * Returns when the bytes may be reused.
   * @throws PrpackError OUTPUT_FAILED
   */
  append(bytes: Uint8Array): Promise<void>;
  /** Absent where the output is not staged. */
  readonly staged?: StagedBytes;
}

/** A sink whose bytes nobody sees before they are committed. */
export interface StagedSink extends Sink {
  readonly staged: StagedBytes;
}

/** Bytes that nobody else sees before they are committed: written at any place, by any thread, and read back. */
export interface StagedBytes {
  /** What threads write by, until the output is committed or aborted. */
  readonly handle: OutputHandle;
  /**
   * To be told of bytes that were written by the handle, in any order, once for each byte. Absent where nothing waits for them.
   * @throws PrpackError OUTPUT_FAILED when nothing can come of the output any more
   */
  readonly written?: (startBytes: number, lengthBytes: number) => void;
  /**
   * What was written, as anybody would read it; the caller closes it.
   * @throws PrpackError INPUT_UNREADABLE
   */
  reopen(): ByteSource;
}
