import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../bytes/clock.js';
import { type Admission, networkOfSocket } from './rate-limit.js';

/** A slice is this part of what all servers together let through; so much each of them lets through before it asks for one. */
const SLICES = 20;
const SECOND_MS = 1000;
/** How long a request waits for a slice. Then this process counts for itself until the second is over. */
const PATIENCE_MS = 300;

/** What a server may let through for a network of what all servers may, until this second of theirs is over. */
export interface Slice {
  readonly granted: number;
  readonly endsInMs: number;
}

/** Where the servers of a store count together. */
export interface RequestCounts {
  /**
   * @param wanted size of the slice
   * @param most requests of a network in a second, over all servers
   */
  take(network: string, wanted: number, most: number): Promise<Slice>;
}

/** One network in this second. */
interface Share {
  left: number;
  endsMs: number;
  /** Whether nothing more is to be had in this second. */
  isSpent: boolean;
  asked?: Promise<void>;
}

/**
 * Counts the requests of a network over all servers of a store. Each takes slices of what all may let through, so that few requests wait for an
 * answer of the store. Together they let through no more than the limit in a second of the store's clock, and a tenth of it for each server:
 * what it begins the second with, and what was left of its last slice.
 */
export class SharedRateLimit implements Admission {
  readonly #counts: RequestCounts;
  readonly #most: number;
  readonly #slice: number;
  readonly #now: () => number;
  readonly #shares = new Map<string, Share>();
  #sweepMs = 0;

  /**
   * @param most requests of a network in a second
   * @param now milliseconds that never go back
   */
  constructor(counts: RequestCounts, most: number, now: () => number = nowMs) {
    this.#counts = counts;
    this.#most = most;
    this.#slice = Math.max(1, Math.floor(most / SLICES));
    this.#now = now;
  }

  /** Whether a request that comes now may be served. */
  admits(socket: Socket): boolean | Promise<boolean> {
    const network = networkOfSocket(socket);
    const share = this.#shareOf(network);
    if (takeOne(share)) return true;
    return !share.isSpent && this.#admitsLater(network, share);
  }

  async #admitsLater(network: string, share: Share): Promise<boolean> {
    while (!share.isSpent) {
      share.asked ??= this.#ask(network, share).finally(() => delete share.asked);
      await share.asked;
      if (takeOne(share)) return true;
    }
    return false;
  }

  async #ask(network: string, share: Share): Promise<void> {
    const unanswered = sleep(PATIENCE_MS, undefined, { ref: false });
    const slice = await Promise.race([this.#take(network), unanswered]);
    share.isSpent = slice === undefined || slice.granted < this.#slice;
    share.left += slice?.granted ?? this.#most - this.#slice;
    if (slice) share.endsMs = this.#now() + slice.endsInMs;
  }

  /** Undefined where the store cannot be asked. */
  async #take(network: string): Promise<Slice | undefined> {
    return this.#counts.take(network, this.#slice, this.#most).catch(() => undefined);
  }

  #shareOf(network: string): Share {
    const now = this.#now();
    const present = this.#shares.get(network);
    if (present && now < present.endsMs) return present;
    this.#sweep(now);
    const share = { left: this.#slice, endsMs: now + SECOND_MS, isSpent: false };
    this.#shares.set(network, share);
    return share;
  }

  /** Networks that are not heard of any more are forgotten. */
  #sweep(now: number): void {
    if (now < this.#sweepMs) return;
    this.#sweepMs = now + SECOND_MS;
    for (const [network, { endsMs }] of this.#shares) if (endsMs <= now) this.#shares.delete(network);
  }
}

function takeOne(share: Share): boolean {
  if (share.left === 0) return false;
  share.left--;
  return true;
}
