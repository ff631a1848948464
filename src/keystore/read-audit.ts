import type { AuditLine, KeyTables } from './key-tables.js';
import type { ReadAuditMode } from './thread/messages.js';

/** Where the lines go. */
type AuditTables = Pick<KeyTables, 'note'>;

/** Keeps the lines of keys that leave the store. */
export interface ReadAudit {
  /** The keys may leave when this ends. */
  keep(lines: readonly AuditLine[]): Promise<void>;

  /** Writes the lines that wait, as far as that is possible. */
  flush(): Promise<void>;

  /** Puts the lines that wait before the transaction that is wanted next, so that the audit keeps its order. */
  flushAhead(): void;
}

/** Lines are on the disk before their keys leave. */
export class PromptReadAudit implements ReadAudit {
  readonly #tables: AuditTables;

  constructor(tables: AuditTables) {
    this.#tables = tables;
  }

  /** @throws PrpackError KEY_STORE_FAILED */
  async keep(lines: readonly AuditLine[]): Promise<void> {
    await this.#tables.note(lines);
  }

  async flush(): Promise<void> {}

  flushAhead(): void {}
}

/** How it stands with lines that are not on the disk. */
export interface AuditBacklog {
  /** Lines that wait. */
  readonly waiting: number;
  /** Lines that found no room to wait, since the start. */
  readonly lost: number;
  /** Why the lines could not be written; absent when they were. */
  readonly problem?: Error;
}

/** How long a line waits for others to share its flush: with the flush itself, less than a second. */
const GATHER_MS = 500;
/** Lines of one transaction, so that other work gets its turn in between. */
const BATCH = 2000;
/** Lines that wait while the disk takes none, at about 300 bytes each. */
const MOST_WAITING = 50_000;

/**
 * Keys leave at once; their lines are written together, half a second later. While the database takes none, because the disk is full,
 * say, they wait in memory, up to a bound.
 */
export class BatchedReadAudit implements ReadAudit {
  readonly #tables: AuditTables;
  readonly #onBacklog: (backlog: AuditBacklog) => void;
  readonly #mostWaiting: number;
  #lines: AuditLine[] = [];
  #lost = 0;
  #isTroubled = false;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;

  /** @param onBacklog called after each attempt to write that failed, and after the first that did not */
  constructor(
    tables: AuditTables,
    onBacklog: (backlog: AuditBacklog) => void,
    mostWaiting: number = MOST_WAITING,
  ) {
    this.#tables = tables;
    this.#onBacklog = onBacklog;
    this.#mostWaiting = mostWaiting;
  }

  async keep(lines: readonly AuditLine[]): Promise<void> {
    const room = this.#mostWaiting - this.#lines.length;
    this.#lines.push(...lines.slice(0, room));
    this.#lost += Math.max(lines.length - room, 0);
    this.#timer ??= this.#startTimer();
  }

  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing ??= this.#writeAll().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Not while the lines find no room: they would be in the way of every transaction. */
  flushAhead(): void {
    if (this.#lines.length > 0 && !this.#isTroubled) void this.flush();
  }

  /** It holds up no process that ends: who closes the store flushes first. */
  #startTimer(): NodeJS.Timeout {
    return setTimeout(() => void this.flush(), GATHER_MS).unref();
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#lines.length > 0) {
        const lines = this.#lines.slice(0, BATCH);
        await this.#tables.note(lines);
        this.#lines.splice(0, lines.length);
      }
      if (this.#isTroubled) this.#tell();
    } catch (error) {
      this.#timer ??= this.#startTimer();
      this.#tell(error as Error);
    }
  }

  #tell(problem?: Error): void {
    this.#isTroubled = problem !== undefined;
    this.#onBacklog({ waiting: this.#lines.length, lost: this.#lost, ...(problem && { problem }) });
  }
}

/** @param onBacklog as of `BatchedReadAudit` */
export function readAuditOf(
  mode: ReadAuditMode,
  tables: AuditTables,
  onBacklog: (backlog: AuditBacklog) => void,
): ReadAudit {
  return mode === 'always' ? new PromptReadAudit(tables) : new BatchedReadAudit(tables, onBacklog);
}
