import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { PrpackError } from '../../errors.js';
import { packageFile } from '../../package-file.js';
import { BorrowedSource, type ByteSource, endsTooEarly } from '../source.js';
import { type RemoteLocation, SLOTS } from './location.js';
import {
  ANSWERED,
  type Answer,
  type FetcherData,
  HEARTBEAT,
  HEARTBEAT_MS,
  type Opened,
  unpackError,
} from './messages.js';
import { DEFAULT_LIMITS, type RequestLimits } from './request-limits.js';

const BLOCK_BYTES = 256 * 1024;
/** Without a heartbeat for so long, the thread is dead. */
const SILENCE_MS = 40 * HEARTBEAT_MS;

export interface RemoteSourceOptions {
  /** Stops the opening, which then throws ABORTED. Reads cannot be stopped: they end by their time limits. */
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<RequestLimits>;
}

/**
 * A file on a web server or an object of S3, read by ranges. Reads are synchronous as those of files: a thread of its own fetches, and this one
 * sleeps until it has what it needs. The thread ends with `close`, and keeps no process alive.
 */
export class RemoteSource implements ByteSource {
  /** The URL without anything secret. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly #fetcher: Fetcher;
  /** What the slots are read from. */
  readonly #slots: Pick<ByteSource, 'readInto'>;
  /** Of each block that was asked for, where blocks stay where they are. */
  readonly #slotOfBlock: Int32Array | undefined;
  #block = -1;
  #slot = 0;

  private constructor(path: string, { sizeBytes, fd }: OpenedFile, fetcher: Fetcher) {
    this.path = path;
    this.sizeBytes = sizeBytes;
    this.#fetcher = fetcher;
    this.#slots = fd === undefined ? fetcher : slotsOnDisk(path, fd, sizeBytes);
    if (fd !== undefined) this.#slotOfBlock = new Int32Array(Math.ceil(sizeBytes / BLOCK_BYTES)).fill(-1);
  }

  /** @throws PrpackError INVALID_ARGUMENT, INPUT_NOT_FOUND, INPUT_UNREADABLE, ABORTED */
  static async open(
    location: RemoteLocation,
    { signal, limits }: RemoteSourceOptions = {},
  ): Promise<RemoteSource> {
    const fetcher = new Fetcher(location, { ...DEFAULT_LIMITS, ...limits });
    try {
      return new RemoteSource(location.shown, await fetcher.opened(signal), fetcher);
    } catch (error) {
      fetcher.stop();
      throw error;
    }
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    if (offsetBytes + target.length > this.sizeBytes) throw endsTooEarly(this, offsetBytes, target.length);
    for (let done = 0; done < target.length; ) {
      const block = Math.floor((offsetBytes + done) / BLOCK_BYTES);
      const within = (offsetBytes + done) % BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES - within, target.length - done);
      const from = this.#slotOf(block) * BLOCK_BYTES + within;
      this.#slots.readInto(target.subarray(done, done + length), from);
      done += length;
    }
  }

  close(): void {
    this.#fetcher.stop();
  }

  #slotOf(block: number): number {
    if (block === this.#block) return this.#slot;
    const known = this.#slotOfBlock?.[block] ?? -1;
    this.#block = -1; // nothing is valid if the fetching throws
    this.#slot = known >= 0 ? known : this.#fetcher.fetch(block);
    this.#block = block;
    if (this.#slotOfBlock) this.#slotOfBlock[block] = this.#slot;
    return this.#slot;
  }
}

type OpenedFile = Exclude<Opened, { error: unknown }>;

/** There is one for each block, and the last one is whole. */
function slotsOnDisk(path: string, fd: number, sizeBytes: number): BorrowedSource {
  const blocks = Math.ceil(sizeBytes / BLOCK_BYTES);
  return new BorrowedSource({ path, fd, sizeBytes: blocks * BLOCK_BYTES });
}

/** The fetching thread, as seen from the reading one. */
class Fetcher {
  /** Slots in memory. */
  readonly #bytes: Uint8Array;
  readonly #shown: string;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #counters: Int32Array;

  constructor(location: RemoteLocation, limits: RequestLimits) {
    const { port1, port2 } = new MessageChannel();
    const memory = new SharedArrayBuffer(SLOTS[location.kind] * BLOCK_BYTES);
    const control = new SharedArrayBuffer(8);
    const data: FetcherData = { location, limits, memory, blockBytes: BLOCK_BYTES, control, port: port2 };
    this.#bytes = new Uint8Array(memory);
    this.#shown = location.shown;
    this.#port = port1;
    this.#counters = new Int32Array(control);
    this.#worker = new Worker(packageFile('dist/fetcher.js'), {
      workerData: data,
      transferList: [port2],
    });
  }

  /** What is known of the file, once it is. */
  async opened(signal: AbortSignal | undefined): Promise<OpenedFile> {
    const listening = new AbortController();
    const message = await new Promise<Opened>((resolve, reject) => {
      const stop = () => reject(aborted(this.#shown, signal));
      if (signal?.aborted) stop();
      signal?.addEventListener('abort', stop, { once: true, signal: listening.signal });
      this.#worker.once('message', resolve);
      this.#worker.once('error', reject);
      this.#worker.once('exit', () => reject(ended()));
    }).finally(() => listening.abort());
    this.#worker.removeAllListeners();
    this.#worker.on('error', () => {}); // `fetch` sees that no answer comes
    this.#worker.unref();
    if ('error' in message) throw unpackError(message.error);
    return message;
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    target.set(this.#bytes.subarray(offsetBytes, offsetBytes + target.length));
  }

  /** The slot that holds the block until the next call. This thread sleeps meanwhile. */
  fetch(block: number): number {
    const answered = Atomics.load(this.#counters, ANSWERED);
    this.#port.postMessage(block);
    for (let beat = -1; Atomics.wait(this.#counters, ANSWERED, answered, SILENCE_MS) === 'timed-out'; ) {
      const now = Atomics.load(this.#counters, HEARTBEAT);
      if (now === beat) throw ended();
      beat = now;
    }
    const answer = receiveMessageOnPort(this.#port)!.message as Answer;
    if ('error' in answer) throw unpackError(answer.error);
    return answer.slot;
  }

  stop(): void {
    this.#port.close();
    this.#worker.terminate().catch(() => {}); // it is gone either way
  }
}

function aborted(shown: string, signal: AbortSignal | undefined): PrpackError {
  const remedy = 'Nothing was published; run it again.';
  return new PrpackError('ABORTED', `opening ${shown} was stopped`, { remedy }, signal?.reason);
}

function ended(): PrpackError {
  return new PrpackError('INTERNAL', 'the thread that fetches the input ended before its work did', {
    remedy: 'Download the file and give its path; and report this as a defect of prpack.',
  });
}
