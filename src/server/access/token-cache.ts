import { nowMs } from '../../bytes/clock.js';
import { isTokenOf, type TokenRecord, tokenId } from './token.js';

/** For so long a record that was read is used. A token that is revoked is refused after this time at the latest. */
const KEPT_MS = 1000;
/** Tokens that are in use at the same time; a few hundred bytes each. */
const MOST_TOKENS = 10_000;

/** Where records of tokens are read. */
export interface TokenRecords {
  /** The record with this id, also of a token that has ended; undefined when there is none. */
  record(id: string): Promise<TokenRecord | undefined>;
}

interface Kept<T> {
  readonly record: T;
  readonly endsMs: number;
}

/**
 * Recognises tokens, and reads the record of each once a second at most. A token that is not there is looked for at every request, so
 * that a new one is good at once.
 */
export class TokenCache {
  readonly #records: TokenRecords;
  readonly #now: () => number;
  /** By id. */
  readonly #kept = new Map<string, Kept<Promise<TokenRecord | undefined>>>();
  /** By the whole token, those that were recognised: their hashes are not made again. */
  readonly #recognised = new Map<string, Kept<TokenRecord>>();

  /** @param now milliseconds that never go back */
  constructor(records: TokenRecords, now: () => number = nowMs) {
    this.#records = records;
    this.#now = now;
  }

  /** The record of a token, also of one that has ended; undefined for anything else. */
  async find(token: string): Promise<TokenRecord | undefined> {
    const nowMs = this.#now();
    const recognised = this.#recognised.get(token);
    if (recognised && nowMs < recognised.endsMs) return recognised.record;
    this.#recognised.delete(token);
    const id = tokenId(token);
    if (id === undefined) return undefined;
    const { record: reading, endsMs } = this.#keptOf(id, nowMs);
    const record = await reading;
    if (!record || !isTokenOf(token, record)) return undefined;
    setBounded(this.#recognised, token, { record, endsMs });
    return record;
  }

  /** The time counts from when the reading begins: what changes meanwhile may or may not be seen. */
  #keptOf(id: string, nowMs: number): Kept<Promise<TokenRecord | undefined>> {
    const kept = this.#kept.get(id);
    if (kept && nowMs < kept.endsMs) return kept;
    return this.#keep(id, { record: this.#records.record(id), endsMs: nowMs + KEPT_MS });
  }

  #keep(id: string, entry: Kept<Promise<TokenRecord | undefined>>): typeof entry {
    setBounded(this.#kept, id, entry);
    const forget = () => {
      if (this.#kept.get(id) === entry) this.#kept.delete(id);
    };
    entry.record.then((record) => record ?? forget(), forget);
    return entry;
  }
}

function setBounded<T>(kept: Map<string, T>, name: string, entry: T): void {
  if (kept.size >= MOST_TOKENS) kept.clear();
  kept.set(name, entry);
}
