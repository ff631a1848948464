import type { OpenFile } from '../../bytes/source.js';
import type { OutputHandle } from '../../bytes/write.js';
import { PrpackError } from '../../errors.js';
import { abortedBy } from './abort.js';
import { Hasher } from './hasher.js';
import type { Work } from './inline.js';
import { type FromWriter, type ToWriter, unpackError } from './messages.js';
import type { Stretch } from './stretch.js';
import { Thread } from './thread.js';

/** Stretches that a thread has before it: while it works on one, the next one is there. */
const QUEUED_STRETCHES = 2;

/**
 * Writes the output by worker threads. This thread describes the stretches; whoever is free gets the next one.
 * @returns the output's SHA-256 if it was asked for
 */
export async function writeOnThreads(
  work: Work,
  input: OpenFile,
  output: OutputHandle,
  threads: number,
): Promise<string | undefined> {
  const { signal, fingerprint, sizeBytes } = work;
  const failure = new Failure();
  const hasher = fingerprint ? new Hasher(output, sizeBytes, failure.report) : undefined;
  const crew = new Crew(work, input, output, threads, hasher, failure.report);
  const onAbort = () => failure.report(abortedBy(signal!));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const done = Promise.all([crew.run(), hasher?.result]);
    const [, sha256] = await Promise.race([done, failure.reported]);
    return sha256;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    await Promise.all([crew.stop(), hasher?.stop()]);
  }
}

/** The first thing that goes wrong, in whatever thread. */
class Failure {
  report!: (error: Error) => void;
  readonly reported = new Promise<never>((_, reject) => {
    this.report = reject;
  });
}

/** A writing thread and the stretches that it has not confirmed yet, in order. */
interface Hand {
  readonly thread: Thread<ToWriter, FromWriter>;
  readonly unconfirmed: Stretch[];
}

/** The writing threads, and what is left for them to do. */
class Crew {
  readonly #work: Work;
  readonly #hands: readonly Hand[];
  readonly #hasher: Hasher | undefined;
  readonly #report: (error: Error) => void;
  readonly #stretches: Iterator<Stretch>;
  #writtenBytes = 0;
  #finish = () => {};

  constructor(
    work: Work,
    input: OpenFile,
    output: OutputHandle,
    threads: number,
    hasher: Hasher | undefined,
    report: (error: Error) => void,
  ) {
    this.#work = work;
    this.#hasher = hasher;
    this.#report = report;
    this.#stretches = work.stretches[Symbol.iterator]();
    const { tasks, stretchBytes } = work;
    this.#hands = Array.from({ length: threads }, () => {
      const thread: Hand['thread'] = new Thread('./worker.js', (answer) => this.#take(hand, answer), report);
      const hand: Hand = { thread, unconfirmed: [] };
      thread.post({ kind: 'start', tasks, input, output, stretchBytes });
      return hand;
    });
  }

  /** Ends when every stretch is written, and confirmed by the thread that got it. */
  run(): Promise<void> {
    return new Promise((resolve) => {
      this.#finish = resolve;
      for (let round = 0; round < QUEUED_STRETCHES; round++) for (const hand of this.#hands) this.#give(hand);
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hands.map(({ thread }) => thread.stop()));
  }

  #give({ thread, unconfirmed }: Hand): void {
    const { done, value: stretch } = this.#stretches.next();
    if (done) return;
    // A view sent to a thread takes all of its memory along, so these are cut out.
    const literals = stretch.literals.map(({ at, bytes }) => ({ at, bytes: bytes.slice() }));
    unconfirmed.push(stretch);
    const memory = literals.map(({ bytes }) => bytes.buffer as ArrayBuffer);
    thread.post({ kind: 'stretch', stretch: { ...stretch, literals } }, memory);
  }

  #take(hand: Hand, answer: FromWriter): void {
    try {
      if (answer.kind === 'failed') throw unpackError(answer.error);
      this.#confirm(hand, answer);
      this.#give(hand);
      if (this.#hands.every(({ unconfirmed }) => unconfirmed.length === 0)) this.#expectAll();
    } catch (error) {
      this.#report(error as Error);
    }
  }

  #confirm(
    { unconfirmed }: Hand,
    { startBytes, lengthBytes }: Extract<FromWriter, { kind: 'written' }>,
  ): void {
    const expected = unconfirmed.shift();
    if (expected?.startBytes !== startBytes || expected.lengthBytes !== lengthBytes) {
      throw lostStretch(expected?.startBytes ?? 'nothing', startBytes);
    }
    this.#writtenBytes += lengthBytes;
    this.#hasher?.written(startBytes, lengthBytes);
    this.#work.onBytes(this.#writtenBytes);
  }

  #expectAll(): void {
    if (this.#writtenBytes !== this.#work.sizeBytes)
      throw lostStretch(this.#work.sizeBytes, this.#writtenBytes);
    this.#finish();
  }
}

function lostStretch(expected: number | string, received: number): PrpackError {
  return new PrpackError('INTERNAL', 'the threads did not write what they were given', {
    expected,
    received,
    remedy: 'Run it again with --threads 1, and report this as a defect of prpack.',
  });
}
