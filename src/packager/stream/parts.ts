import { MemorySource } from '../../bytes/source.js';
import { malformed, PrpackError } from '../../errors.js';
import { readStsz } from '../../isobmff/boxes/stsz.js';
import { Moof, type TrexOf } from '../../isobmff/fragments.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { readTailBytes, type Tail } from '../../isobmff/tail.js';
import { assertReadable, isKnown } from '../../isobmff/top-level.js';
import { findChild, findPath, walkBox } from '../../isobmff/walk.js';
import { tailWarning } from '../input-warnings.js';
import { type BoxStream, endsInside, STREAM_NAME, type StreamBox, type StreamHeader } from './box-stream.js';

/** Players hold a whole fragment in memory, and so does prpack, with what it makes of it. */
export const MAX_FRAGMENT_BYTES = 256 * 2 ** 20;
const MAX_INIT_BYTES = 96 * 2 ** 20;

/** The command that makes a stream of what is no stream. */
export const FRAGMENTED_MUX =
  'ffmpeg -i … -c copy -movflags frag_keyframe+empty_moov+default_base_moof -f mp4 -';

/** Top-level boxes that point into the file: in a stream, what they point at has not been written yet, or has gone. */
const INDEXES = new Set(['sidx', 'ssix', 'mfra', 'meta']);

/** What the stream begins with: all boxes up to `moov`. */
export interface InitPart {
  /** Indexes left out. */
  readonly bytes: Uint8Array;
}

/** A box that leaves as it came, or a fragment: `moof` and the boxes up to the end of the samples it describes. */
export type StreamPart =
  | { readonly kind: 'box'; readonly bytes: Uint8Array }
  | { readonly kind: 'fragment'; readonly boxes: readonly FragmentBox[] };

/** A box of a fragment. */
export interface FragmentBox extends StreamBox {
  /** What it holds, if it is a `moof`: read once, for all that is done with the fragment. */
  readonly moof?: Moof;
}

/** Takes a stream apart, and notes what it leaves out. */
export class PartReader {
  readonly #boxes: BoxStream;
  readonly #dropped = new Map<string, number>();
  #tail: Tail | undefined;

  constructor(boxes: BoxStream) {
    this.#boxes = boxes;
  }

  /** One for each type of box that was left out, and one for what follows the last box. */
  warnings(): string[] {
    const dropped = [...this.#dropped].map(
      ([type, count]) =>
        `${count} ${type} box${count === 1 ? ' was' : 'es were'} left out: it points to places in a file, which a stream is not.`,
    );
    return this.#tail ? [...dropped, tailWarning(this.#tail, 'keep')] : dropped;
  }

  /** @throws PrpackError NOT_MP4, MALFORMED_INPUT, TRUNCATED_INPUT, UNSUPPORTED_FEATURE */
  async init(): Promise<InitPart> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const header = await this.#boxes.header();
      if (!header) throw noMoov(this.#boxes.positionBytes);
      if (header.startBytes === 0) assertMp4(header.type);
      if (!header.isBox) throw noBox(header.startBytes);
      if (header.type === 'moof') throw noInit(header);
      if (header.type === 'mdat') throw notFragmented(header.startBytes);
      if (header.startBytes + header.sizeBytes > MAX_INIT_BYTES) throw tooLarge(header, MAX_INIT_BYTES);
      const box = await this.#boxes.box(header);
      if (box.bytes.length < header.sizeBytes) throw noBox(header.startBytes);
      if (!this.#drops(header.type)) parts.push(box.bytes);
      if (header.type === 'moov') assertFragmented(box);
      if (header.type === 'moov') return { bytes: Buffer.concat(parts) };
    }
  }

  /**
   * What follows, each part as soon as it is complete.
   * @param trexOf the defaults of a track id, undefined when the movie has no such track
   * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT, UNSUPPORTED_FEATURE
   */
  async *parts(trexOf: TrexOf): AsyncGenerator<StreamPart> {
    let fragment: OpenFragment | undefined;
    for (;;) {
      const header = await this.#boxes.header();
      if (!header) break;
      if (header.type === 'moov') throw secondMoov(header);
      if (!fragment && (!header.isBox || (header.sizeBytes > MAX_FRAGMENT_BYTES && !isKnown(header.type)))) {
        yield { kind: 'box', bytes: await this.#tailBytes(header) };
        break;
      }
      if (!header.isBox) throw noBox(header.startBytes);
      const firstBytes = fragment?.startBytes ?? header.startBytes;
      const endBytes = header.startBytes + header.sizeBytes;
      if (endBytes - firstBytes > MAX_FRAGMENT_BYTES) throw tooLarge(header, MAX_FRAGMENT_BYTES);
      const box = await this.#boxes.box(header);
      if (box.bytes.length < header.sizeBytes) this.#noteCut(header, box.bytes);
      if (header.type === 'moof') fragment ??= new OpenFragment(box.startBytes);
      if (!fragment) {
        if (!this.#drops(box.type)) yield { kind: 'box', bytes: box.bytes };
        continue;
      }
      fragment.add(box, trexOf);
      if (fragment.isComplete) {
        yield { kind: 'fragment', boxes: fragment.boxes };
        fragment = undefined;
      }
    }
    fragment?.assertComplete();
  }

  /** What is left of the stream, which is no box. */
  async #tailBytes(header: StreamHeader): Promise<Uint8Array> {
    const bytes = await this.#boxes.rest(header, MAX_FRAGMENT_BYTES);
    if (!bytes) throw noBox(header.startBytes);
    this.#noteTail(header.startBytes, bytes);
    return bytes;
  }

  /** A last box with fewer bytes than it claims. */
  #noteCut({ type, startBytes, sizeBytes: claimedBytes }: StreamHeader, bytes: Uint8Array): void {
    if (type !== 'mdat') this.#noteTail(startBytes, bytes);
    else this.#tail = { kind: 'cut', type, startBytes, sizeBytes: bytes.length, claimedBytes };
  }

  #noteTail(startBytes: number, bytes: Uint8Array): void {
    this.#tail = { ...readTailBytes(new MemorySource(bytes, STREAM_NAME), 0), startBytes };
  }

  #drops(type: string): boolean {
    if (!INDEXES.has(type)) return false;
    this.#dropped.set(type, (this.#dropped.get(type) ?? 0) + 1);
    return true;
  }
}

/** The parts of a stream in order, of which the first fragment can be looked at before its turn. */
export class PartQueue {
  readonly #parts: AsyncGenerator<StreamPart>;
  readonly #taken: StreamPart[] = [];

  constructor(parts: AsyncGenerator<StreamPart>) {
    this.#parts = parts;
  }

  /** Reads on to the first fragment; undefined when the stream has none. To be called once, before the parts are taken. */
  async peekFragment(): Promise<Extract<StreamPart, { kind: 'fragment' }> | undefined> {
    for (;;) {
      const { done, value } = await this.#parts.next();
      if (done) return undefined;
      this.#taken.push(value);
      if (value.kind === 'fragment') return value;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StreamPart> {
    yield* this.#taken;
    yield* this.#parts;
  }
}

/** A fragment that has begun: complete when all bytes are there that its samples need. */
class OpenFragment {
  readonly boxes: FragmentBox[] = [];
  readonly startBytes: number;
  #haveBytes: number;
  #needBytes: number;
  #sampleCount = 0;

  constructor(startBytes: number) {
    this.startBytes = startBytes;
    this.#haveBytes = startBytes;
    this.#needBytes = startBytes;
  }

  get isComplete(): boolean {
    if (this.#haveBytes < this.#needBytes) return false;
    const sizeBytes = this.#haveBytes - this.startBytes;
    // Samples of no bytes are nothing to encrypt; a count that no byte stands for is only a claim.
    if (this.#sampleCount <= sizeBytes) return true;
    throw malformed('moof: more samples than the fragment has bytes', {
      boxPath: 'moof/traf/trun',
      offsetBytes: this.startBytes,
      expected: sizeBytes,
      received: this.#sampleCount,
      clause: 'ISO/IEC 14496-12 8.8.8',
    });
  }

  add(box: StreamBox, trexOf: TrexOf): void {
    this.#haveBytes = box.startBytes + box.bytes.length;
    if (box.type !== 'moof') {
      this.boxes.push(box);
      return;
    }
    assertReadable({ type: box.type, startBytes: box.startBytes, sizeBytes: box.bytes.length });
    const moof = new Moof(box, trexOf);
    this.boxes.push({ ...box, moof });
    for (const { truns } of moof.layouts) {
      for (const { trun, dataBytes, endBytes } of truns) {
        this.#sampleCount += trun.sampleCount;
        if (trun.sampleCount === 0) continue;
        this.#assertInside(dataBytes, endBytes);
        this.#needBytes = Math.max(this.#needBytes, endBytes);
      }
    }
  }

  /** @throws PrpackError TRUNCATED_INPUT at the end of a stream that has begun a fragment */
  assertComplete(): void {
    const { startBytes } = this;
    throw endsInside('moof', startBytes, this.#needBytes - startBytes, this.#haveBytes - startBytes);
  }

  #assertInside(dataBytes: number, endBytes: number): void {
    if (dataBytes >= this.startBytes && endBytes - this.startBytes <= MAX_FRAGMENT_BYTES) return;
    if (dataBytes >= this.startBytes) {
      throw tooLarge(
        { type: 'moof', startBytes: this.startBytes, sizeBytes: endBytes - this.startBytes },
        MAX_FRAGMENT_BYTES,
      );
    }
    throw new PrpackError('UNSUPPORTED_FEATURE', 'moof: its samples lie before it, and have left already', {
      boxPath: 'moof/traf/trun',
      offsetBytes: this.startBytes,
      expected: `from ${this.startBytes} on`,
      received: dataBytes,
      clause: 'ISO/IEC 14496-12 8.8.8',
      remedy: 'Write the stream to a file first, and give the file.',
    });
  }
}

const FIRST_BOXES = new Set(['ftyp', 'styp', 'moov', 'moof', 'mdat', 'free', 'skip', 'wide', 'sidx', 'uuid']);

function assertMp4(type: string): void {
  if (FIRST_BOXES.has(type)) return;
  throw new PrpackError(
    'NOT_MP4',
    `${STREAM_NAME} is not an MP4 stream: it does not begin with a known box`,
    {
      offsetBytes: 0,
      expected: 'ftyp',
      clause: 'ISO/IEC 14496-12 4.3',
      remedy: `Pipe fragmented MP4 into prpack, as ${FRAGMENTED_MUX} writes it.`,
    },
  );
}

/** Before anything is made of the tables of `moov`, which describe bytes that have not come yet. */
function assertFragmented(moov: StreamBox): void {
  const node = walkBox(moov, 'moov');
  const hasSamples = node.children.some((trak) => {
    const stsz = findPath(trak, 'mdia/minf/stbl/stsz');
    return stsz !== undefined && readStsz(readerOf(stsz, moov)).sampleCount > 0;
  });
  if (hasSamples || !findChild(node, 'mvex')) throw notFragmented(moov.startBytes);
}

/** A stream whose samples are not in fragments: to encrypt it, the end of it must be known. */
function notFragmented(offsetBytes: number): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${STREAM_NAME} is a progressive MP4 file`, {
    boxPath: 'moov',
    offsetBytes,
    clause: 'ISO/IEC 14496-12 8.8',
    remedy: `Only fragments can be encrypted as they come: write them with ${FRAGMENTED_MUX}, or give the file by its path instead of piping it.`,
  });
}

function noBox(offsetBytes: number): PrpackError {
  return malformed('the stream holds bytes that are not a box', {
    boxPath: '(top level)',
    offsetBytes,
    clause: 'ISO/IEC 14496-12 4.2',
    remedy: 'Look at the messages of the program that writes the stream.',
  });
}

function noMoov(sizeBytes: number): PrpackError {
  if (sizeBytes === 0) {
    return new PrpackError('NOT_MP4', `${STREAM_NAME} is empty`, {
      offsetBytes: 0,
      remedy: 'Look at the messages of the program that writes the stream.',
    });
  }
  return endsInside('moov', sizeBytes, 8, 0);
}

function noInit({ startBytes }: StreamHeader): PrpackError {
  return malformed(`${STREAM_NAME} has a moof before any moov`, {
    boxPath: 'moof',
    offsetBytes: startBytes,
    clause: 'ISO/IEC 14496-12 8.2.1',
    remedy: 'These are media segments without their init segment: send that first (cat init.mp4 *.m4s).',
  });
}

function secondMoov({ startBytes }: StreamHeader): PrpackError {
  return malformed('moov: the stream has more than one', {
    boxPath: 'moov',
    offsetBytes: startBytes,
    clause: 'ISO/IEC 14496-12 8.2.1',
    remedy: 'Encrypt each recording by a run of its own.',
  });
}

function tooLarge(
  { type, startBytes, sizeBytes }: Pick<StreamHeader, 'type' | 'startBytes' | 'sizeBytes'>,
  limitBytes: number,
): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `${type}: larger than what a stream is read by: a fragment is held in memory whole`,
    {
      boxPath: type,
      offsetBytes: startBytes,
      expected: `at most ${limitBytes} bytes`,
      received: sizeBytes,
      remedy:
        'Write shorter fragments (ffmpeg: -frag_duration, or a smaller -g), or write the stream to a file first.',
    },
  );
}
