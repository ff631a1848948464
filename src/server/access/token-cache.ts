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

interface Kept {
  readonly record: Promise<TokenRecord | undefined>;
  readonly endsMs: number;
}

/**
 * Recognises tokens, and reads the record of each once a second at most. A token that is not there is looked for at every request, so
 * that a new one is good at once.
 */
export class TokenCache {
  readonly #records: TokenRecords;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();

  /** @param now milliseconds that never go back */
  constructor(records: TokenRecords, now: () => number = nowMs) {
    this.#records = records;
    this.#now = now;
  }

  /** The record of a token, also of one that has ended; undefined for anything else. */
  async find(token: string): Promise<TokenRecord | undefined> {
    const id = tokenId(token);
    const record = id === undefined ? undefined : await this.#recordOf(id);
    return record && isTokenOf(token, record) ? record : undefined;
  }

  /** The time counts from when the reading begins: what changes meanwhile may or may not be seen. */
  #recordOf(id: string): Promise<TokenRecord | undefined> {
    const nowMs = this.#now();
    const kept = this.#kept.get(id);
    if (kept && nowMs < kept.endsMs) return kept.record;
    const record = this.#records.record(id);
    this.#keep(id, { record, endsMs: nowMs + KEPT_MS });
    return record;
  }

  #keep(id: string, entry: Kept): void {
    if (this.#kept.size >= MOST_TOKENS) this.#kept.clear();
    this.#kept.set(id, entry);
    const forget = () => {
      if (this.#kept.get(id) === entry) this.#kept.delete(id);
    };
    entry.record.then((record) => record ?? forget(), forget);
  }
}
