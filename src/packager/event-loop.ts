import { setImmediate } from 'node:timers/promises';
import { nowMs } from '../bytes/clock.js';
import { assertNotAborted } from './execute/abort.js';

/** Lets timers and signals in; then goes on, unless the job was stopped meanwhile. */
export async function yieldToEventLoop(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  assertNotAborted(signal);
}

/** Between two turns of the event loop, in ms: nobody notices that a signal waits so long. */
const WITHOUT_TURN_MS = 10;

/** As {@link yieldToEventLoop}, where there is much work in small parts: mostly returns at once. */
export class EventLoopYielder {
  readonly #signal: AbortSignal | undefined;
  #turnedAt = nowMs();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** @throws PrpackError ABORTED */
  readonly yieldIfDue = async (): Promise<void> => {
    if (nowMs() - this.#turnedAt < WITHOUT_TURN_MS) return;
    await yieldToEventLoop(this.#signal);
    this.#turnedAt = nowMs();
  };
}
