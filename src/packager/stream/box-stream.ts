import { addAbortSignal, type Readable } from 'node:stream';
import type { ByteReadable } from '../../bytes/platform.js';
import { malformed, PrpackError } from '../../errors.js';
import { isBox, isKnown } from '../../isobmff/top-level.js';
import { assertRoomForHeader, type BoxHeader, MAX_HEADER_BYTES, parseBoxHeader } from '../../isobmff/walk.js';
import { assertNotAborted } from '../execute/abort.js';

/** What messages call an input that has no path. */
export const STREAM_NAME = 'the input stream';

/** A top-level box of which the header has arrived. */
export interface StreamHeader extends BoxHeader {
  /** Offset in the stream. */
  readonly startBytes: number;
  /** The header's bytes. */
  readonly head: Uint8Array;
  /** False for bytes that are no box: zeros, or what another program put behind the media. */
  readonly isBox: boolean;
}

/** A whole top-level box. */
export interface StreamBox {
  readonly type: string;
  /** Offset in the stream. */
  readonly startBytes: number;
  readonly bytes: Uint8Array;
}

function headerOf(header: BoxHeader, place: Pick<StreamHeader, 'startBytes' | 'head'>): StreamHeader {
  if (!isBox(header, Number.POSITIVE_INFINITY)) return { ...NO_BOX, ...place };
  assertRoomForHeader(header, place.startBytes, '');
  if (header.sizeBytes === 0) throw openSize(header.type, place.startBytes);
  const { type, userType, headerBytes, sizeBytes } = header;
  const { startBytes, head } = place;
  return { type, userType, headerBytes, sizeBytes, startBytes, head, isBox: true };
}

const NO_BOX = { type: '', userType: undefined, headerBytes: 0, sizeBytes: 0, isBox: false };

/** Reads a stream of bytes box by box: a header, then the box that it began. */
export class BoxStream {
  readonly #input: ByteReadable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  /** The bytes that came last, and how many of them were read. */
  #chunk: Uint8Array = new Uint8Array();
  #at = 0;
  #positionBytes = 0;

  constructor(input: ByteReadable, signal: AbortSignal | undefined) {
    this.#input = signal ? addAbortSignal(signal, input as Readable) : input;
    this.#chunks = this.#input[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#signal = signal;
  }

  /** How much of the stream was read. */
  get positionBytes(): number {
    return this.#positionBytes;
  }

  /**
   * The header of the next box; undefined at the end of the stream.
   * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT, INPUT_UNREADABLE, ABORTED
   */
  async header(): Promise<StreamHeader | undefined> {
    const startBytes = this.#positionBytes;
    const atHand = this.#headerAtHand();
    if (atHand) return headerOf(atHand.header, { startBytes, head: atHand.head });
    const head = new Uint8Array(MAX_HEADER_BYTES);
    let have = await this.#read(head.subarray(0, 8));
    if (have === 0) return undefined;
    let header = parseBoxHeader(head.subarray(0, have));
    while (!header && have >= 8 && have < head.length) {
      // A 64-bit size, a user type, or one behind the other: 8 bytes at a time never reach into the payload.
      const count = await this.#read(head.subarray(have, have + 8));
      if (count === 0) break;
      have += count;
      header = parseBoxHeader(head.subarray(0, have));
    }
    const place = { startBytes, head: head.subarray(0, have) };
    if (!header) throw endsInside('a box header', startBytes, 8, have);
    return headerOf(header, place);
  }

  /** The next header, where all of it lies in the bytes that came last: nearly always. */
  #headerAtHand(): { readonly header: BoxHeader; readonly head: Uint8Array } | undefined {
    if (this.#chunk.length - this.#at < MAX_HEADER_BYTES) return undefined;
    const header = parseBoxHeader(this.#chunk, this.#at)!;
    const { headerBytes } = header;
    const head = this.#chunk.subarray(this.#at, this.#at + headerBytes);
    this.#at += headerBytes;
    this.#positionBytes += headerBytes;
    return { header, head };
  }

  /**
   * The box whose header was read last. Its memory is claimed at once, but systems give it only as it fills. An `mdat`
   * may be shorter than its header says, as may be what has an unknown type: where the stream ends.
   * @throws PrpackError TRUNCATED_INPUT, INPUT_UNREADABLE, ABORTED
   */
  async box({ type, startBytes, sizeBytes, head }: StreamHeader): Promise<StreamBox> {
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(head);
    const have = head.length + (await this.#read(bytes.subarray(head.length)));
    if (have === sizeBytes) return { type, startBytes, bytes };
    if (isKnown(type) && type !== 'mdat') throw endsInside(type, startBytes, sizeBytes, have);
    return { type, startBytes, bytes: bytes.slice(0, have) };
  }

  /**
   * What follows a header up to the end of the stream, the header's bytes included.
   * @returns undefined when there is more than `maxBytes` of it
   * @throws PrpackError INPUT_UNREADABLE, ABORTED
   */
  async rest({ head }: StreamHeader, maxBytes: number): Promise<Uint8Array | undefined> {
    const parts: Uint8Array[] = [head];
    let length = head.length;
    do {
      const part = this.#chunk.subarray(this.#at);
      parts.push(part);
      length += part.length;
      this.#positionBytes += part.length;
      if (length > maxBytes) return undefined;
    } while (await this.#nextChunk());
    return Buffer.concat(parts);
  }

  /** Lets go of the stream, read to its end or not. */
  close(): void {
    this.#input.destroy();
  }

  /** Fills the target as far as the stream goes; returns how far that was. */
  async #read(target: Uint8Array): Promise<number> {
    let done = 0;
    while (done < target.length) {
      if (this.#at === this.#chunk.length && !(await this.#nextChunk())) break;
      const part = this.#chunk.subarray(this.#at, this.#at + target.length - done);
      target.set(part, done);
      this.#at += part.length;
      done += part.length;
    }
    this.#positionBytes += done;
    return done;
  }

  /** False at the end of the stream. */
  async #nextChunk(): Promise<boolean> {
    try {
      const { done, value } = await this.#chunks.next();
      this.#chunk = done ? new Uint8Array() : value;
      this.#at = 0;
      return !done;
    } catch (cause) {
      assertNotAborted(this.#signal);
      const reason = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
      throw new PrpackError(
        'INPUT_UNREADABLE',
        `reading ${STREAM_NAME} failed: ${reason}`,
        { offsetBytes: this.#positionBytes, remedy: 'Check the program that writes the stream.' },
        cause,
      );
    }
  }
}

/** @param what the box, or a part of one, that is not whole */
export function endsInside(
  what: string,
  offsetBytes: number,
  expected: number,
  received: number,
): PrpackError {
  return new PrpackError('TRUNCATED_INPUT', `${what}: the stream ends inside`, {
    boxPath: what,
    offsetBytes,
    expected,
    received,
    remedy: 'The program that writes the stream ended early: look at its messages, and run both again.',
  });
}

function openSize(type: string, offsetBytes: number): PrpackError {
  return malformed(`${type}: a box of open size has no end in a stream`, {
    boxPath: type,
    offsetBytes,
    clause: 'ISO/IEC 14496-12 4.2.2',
    remedy: 'Write the stream to a file first, and give the file.',
  });
}
