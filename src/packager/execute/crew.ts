import type { OpenFile } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import type { Work } from './inline.js';
import { type FromWriter, type ToWriter, unpackError } from './messages.js';
import type { Stretch } from './stretch.js';
import { Thread } from './thread.js';

/** Stretches that a thread has before it, so that it never waits while this thread writes one itself. */
const QUEUED_STRETCHES = 4;

/** A writing thread and the stretches that it has not confirmed yet, in order. */
interface Hand {
  readonly thread: Thread<ToWriter, FromWriter>;
  readonly unconfirmed: Stretch[];
}

/** The threads that write beside this one. */
export class Crew {
  /** Ends when no stretch is left and all that were given are confirmed. */
  readonly done: Promise<void>;
  readonly #stretches: Iterator<Stretch>;
  readonly #onWritten: (stretch: Stretch) => void;
  readonly #report: (error: Error) => void;
  readonly #hands: readonly Hand[];
  #finish!: () => void;

  /** @param report called with whatever goes wrong; `done` is pending for ever then */
  constructor(
    threads: number,
    { stretches, tasks, stretchBytes, output }: Work,
    input: OpenFile,
    onWritten: (stretch: Stretch) => void,
    report: (error: Error) => void,
  ) {
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#stretches = stretches;
    this.#onWritten = onWritten;
    this.#report = report;
    this.#hands = Array.from({ length: threads }, () => {
      const thread: Hand['thread'] = new Thread('worker.js', (answer) => this.#take(hand, answer), report);
      const hand: Hand = { thread, unconfirmed: [] };
      thread.post({ kind: 'start', tasks, input, output, stretchBytes });
      return hand;
    });
  }

  start(): void {
    for (let round = 0; round < QUEUED_STRETCHES; round++) for (const hand of this.#hands) this.#give(hand);
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
      this.#onWritten(this.#confirmed(hand, answer.startBytes));
      this.#give(hand);
      if (this.#hands.every(({ unconfirmed }) => unconfirmed.length === 0)) this.#finish();
    } catch (error) {
      this.#report(error as Error);
    }
  }

  #confirmed({ unconfirmed }: Hand, startBytes: number): Stretch {
    const stretch = unconfirmed.shift();
    if (stretch?.startBytes === startBytes) return stretch;
    throw new PrpackError('INTERNAL', 'a thread did not write what it was given', {
      expected: stretch?.startBytes ?? 'nothing',
      received: startBytes,
      remedy: 'Run it again with --threads 1, and report this as a defect of prpack.',
    });
  }
}
