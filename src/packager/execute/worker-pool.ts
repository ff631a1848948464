import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import { unpackError } from '../../threads/sent-error.js';
import { Thread } from '../../threads/thread.js';
import type { OutputChunk } from './chunk.js';
import type { ChunkQueue } from './chunk-queue.js';
import type { OnWritten, Work } from './inline.js';
import type { FromWriter, SentTarget, ToWriter } from './messages.js';

/** Chunks that a thread has before it, each with memory, so that it never waits while this thread writes one itself. */
const QUEUED_CHUNKS = 4;

/** A writing thread makes few objects, and none that last: with a smaller young generation it takes 14 MB less, and as long. */
const HEAP = { maxYoungGenerationSizeMb: 3 };

/** A writing thread, and the chunks that were given to it and are not done with. */
interface PoolWorker {
  readonly thread: Thread<ToWriter, FromWriter>;
  /** Not confirmed yet, in order. */
  readonly unconfirmed: OutputChunk[];
  /** Those, and the ones whose bytes are still in use. */
  pending: number;
}

/** The threads that write besides this one. They start while the output is still being planned. */
export class WorkerPool {
  readonly #workers: readonly PoolWorker[];
  #take: (worker: PoolWorker, answer: FromWriter) => void = () => {};
  /** What goes wrong before the work begins is kept until then. */
  #report: (error: Error) => void = (error) => {
    this.#failure = error;
  };
  #failure: Error | undefined;

  constructor(threads: number) {
    this.#workers = Array.from({ length: threads }, () => {
      const onMessage = (answer: FromWriter) => this.#take(worker, answer);
      const onFailure = (error: Error) => this.#report(error);
      const thread: PoolWorker['thread'] = new Thread('worker.js', onMessage, onFailure, HEAP);
      const worker: PoolWorker = { thread, unconfirmed: [], pending: 0 };
      return worker;
    });
  }

  /**
   * Gives out chunks, once in the life of a pool.
   * @param report called with whatever goes wrong; the promise is pending for ever then
   * @returns when no chunk is left and all that were given are written
   */
  write(
    { chunks, targets, memoryBytes }: Work,
    onWritten: OnWritten,
    report: (error: Error) => void,
  ): Promise<void> {
    return new Promise((finish) => {
      this.#report = report;
      if (this.#failure) report(this.#failure);
      const take = async (worker: PoolWorker, answer: FromWriter) => {
        if (answer.kind === 'failed') throw unpackError(answer.error);
        const { memory } = answer;
        const chunk = confirmed(worker, answer);
        await onWritten(chunk, new Uint8Array(memory, 0, chunk.lengthBytes));
        worker.pending--;
        give(worker, chunks, memory);
        if (this.#workers.every(({ pending }) => pending === 0)) finish();
      };
      this.#take = (worker, answer) => void take(worker, answer).catch(report);
      const sent = targets.map(({ source, ...target }): SentTarget => ({ ...target, input: source.file! }));
      for (const { thread } of this.#workers) thread.post({ kind: 'start', targets: sent });
      for (let round = 0; round < QUEUED_CHUNKS; round++) {
        for (const worker of this.#workers) give(worker, chunks, new ArrayBuffer(memoryBytes));
      }
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map(({ thread }) => thread.stop()));
  }
}

function give(worker: PoolWorker, chunks: ChunkQueue, free: ArrayBuffer): void {
  const chunk = chunks.next(worker);
  if (!chunk) return;
  // A view sent to a thread takes all of its memory along, so these are cut out.
  const literals = chunk.literals.map(({ at, bytes }) => ({ at, bytes: bytes.slice() }));
  const memory = free.byteLength < chunk.lengthBytes ? new ArrayBuffer(chunk.lengthBytes) : free;
  worker.unconfirmed.push(chunk);
  worker.pending++;
  const transfer = [memory, ...literals.map(({ bytes }) => bytes.buffer as ArrayBuffer)];
  worker.thread.post({ kind: 'chunk', chunk: { ...chunk, literals }, memory }, transfer);
}

function confirmed(
  { unconfirmed }: PoolWorker,
  { output, startBytes }: Extract<FromWriter, { kind: 'written' }>,
): OutputChunk {
  const chunk = unconfirmed.shift();
  if (chunk?.output === output && chunk.startBytes === startBytes) return chunk;
  throw new PrpackError('INTERNAL', 'a thread did not write what it was given', {
    expected: chunk?.startBytes ?? 'nothing',
    received: startBytes,
    remedy: `Run it again with ${named('threads', 1)}, and report this as a defect of prpack.`,
  });
}
