import type { OpenFile } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { OnWritten, Work } from './inline.js';
import { type FromWriter, type ToWriter, unpackError } from './messages.js';
import type { Stretch } from './stretch.js';
import { Thread } from './thread.js';

/** Stretches that a thread has before it, each with memory, so that it never waits while this thread writes one itself. */
const QUEUED_STRETCHES = 4;

/** A writing thread, and the stretches that were given to it and are not done with. */
interface Hand {
  readonly thread: Thread<ToWriter, FromWriter>;
  /** Not confirmed yet, in order. */
  readonly unconfirmed: Stretch[];
  /** Those, and the ones whose bytes are still in use. */
  pending: number;
}

/** The threads that write beside this one. They start while the output is still being planned. */
export class Crew {
  readonly #hands: readonly Hand[];
  #take: (hand: Hand, answer: FromWriter) => void = () => {};
  /** What goes wrong before the work begins is kept until then. */
  #report: (error: Error) => void = (error) => {
    this.#failure = error;
  };
  #failure: Error | undefined;

  constructor(threads: number) {
    this.#hands = Array.from({ length: threads }, () => {
      const onMessage = (answer: FromWriter) => this.#take(hand, answer);
      const thread: Hand['thread'] = new Thread('worker.js', onMessage, (error) => this.#report(error));
      const hand: Hand = { thread, unconfirmed: [], pending: 0 };
      return hand;
    });
  }

  /**
   * Gives out stretches, once in the life of a crew.
   * @param report called with whatever goes wrong; the promise is pending for ever then
   * @returns when no stretch is left and all that were given are written
   */
  write(
    { stretches, tasks, stretchBytes, output }: Work,
    input: OpenFile,
    onWritten: OnWritten,
    report: (error: Error) => void,
  ): Promise<void> {
    return new Promise((finish) => {
      this.#report = report;
      if (this.#failure) report(this.#failure);
      const take = async (hand: Hand, answer: FromWriter) => {
        if (answer.kind === 'failed') throw unpackError(answer.error);
        const { startBytes, memory } = answer;
        const stretch = confirmed(hand, startBytes);
        await onWritten(stretch, new Uint8Array(memory, 0, stretch.lengthBytes));
        hand.pending--;
        give(hand, stretches, memory);
        if (this.#hands.every(({ pending }) => pending === 0)) finish();
      };
      this.#take = (hand, answer) => void take(hand, answer).catch(report);
      for (const { thread } of this.#hands) thread.post({ kind: 'start', tasks, input, output });
      for (let round = 0; round < QUEUED_STRETCHES; round++) {
        for (const hand of this.#hands) give(hand, stretches, new ArrayBuffer(stretchBytes));
      }
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hands.map(({ thread }) => thread.stop()));
  }
}

function give(hand: Hand, stretches: Iterator<Stretch>, memory: ArrayBuffer): void {
  const { done, value: stretch } = stretches.next();
  if (done) return;
  // A view sent to a thread takes all of its memory along, so these are cut out.
  const literals = stretch.literals.map(({ at, bytes }) => ({ at, bytes: bytes.slice() }));
  hand.unconfirmed.push(stretch);
  hand.pending++;
  const transfer = [memory, ...literals.map(({ bytes }) => bytes.buffer as ArrayBuffer)];
  hand.thread.post({ kind: 'stretch', stretch: { ...stretch, literals }, memory }, transfer);
}

function confirmed({ unconfirmed }: Hand, startBytes: number): Stretch {
  const stretch = unconfirmed.shift();
  if (stretch?.startBytes === startBytes) return stretch;
  throw new PrpackError('INTERNAL', 'a thread did not write what it was given', {
    expected: stretch?.startBytes ?? 'nothing',
    received: startBytes,
    remedy: `Run it again with ${named('threads', 1)}, and report this as a defect of prpack.`,
  });
}
