import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientBase, Pool } from 'pg';
import { nowMs } from '../../bytes/clock.js';
import { PrpackError } from '../../errors.js';
import { connectionSettings } from './connection-settings.js';
import { isPassing, isUnclear, storeFailure } from './failure.js';
import type { PostgresLocation } from './location.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Connections of a process to one database. */
const MOST_CONNECTIONS = 10;
const IDLE_MS = 10_000;
/** The time between attempts to reach a server doubles from one to the next, up to the second. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2000;
/** How long a server that was never reached is tried: its address may be wrong. */
const FIRST_PATIENCE_MS = 5000;
/** How long one is tried that was there before: it may be restarted. */
const PATIENCE_MS = 30_000;

/** How much longer than it tries to reach the server a call waits for an answer, where it was said how long that is. */
const ANSWER_GRACE_MS = 3000;

/** How work on a connection is tried. */
export interface Attempts {
  /** It is not done again after an attempt of which nobody knows what came of it. */
  readonly once?: boolean;
}

/** Pools of this process: one for each database and user. */
const pools = new Map<string, { readonly pool: Promise<Pool>; users: number }>();

/**
 * Connections to a database, shared by all that use the same in this process. Opened when first used; after the server went away, opened
 * again, with pauses that grow.
 */
export class Connections {
  readonly location: string;
  readonly #given: PostgresLocation['given'];
  readonly #environment: Environment;
  readonly #patienceMs: number;
  /** How long an attempt may take, where it is less than what connections are made with. */
  readonly #attemptMs: number | undefined;
  readonly #name: string;
  #pool: Promise<Pool> | undefined;
  #wasReached = false;

  /** @param patienceMs how long a call tries to reach the server, when not as long as is usual; it waits a little longer for an answer */
  constructor({ location, given }: PostgresLocation, environment: Environment, patienceMs?: number) {
    this.location = location;
    this.#given = given;
    this.#environment = environment;
    this.#patienceMs = patienceMs ?? PATIENCE_MS;
    this.#attemptMs = patienceMs === undefined ? undefined : patienceMs + ANSWER_GRACE_MS;
    this.#name = JSON.stringify([given, location, ...variablesOf(environment)]);
  }

  /**
   * Rows of a statement, which is a transaction of its own. It may be run twice, when the answer to the first was lost.
   * @throws PrpackError KEY_STORE_FAILED
   */
  async rows<Row>(sql: string, values: readonly unknown[] = [], attempts: Attempts = {}): Promise<Row[]> {
    const statement = { name: nameOf(sql), text: sql, values: [...values] };
    return this.work(async (client) => (await client.query(statement)).rows as Row[], attempts);
  }

  /**
   * Work on one connection. It may be run twice, when the answer to the first was lost.
   * @throws PrpackError KEY_STORE_FAILED
   */
  async work<T>(work: (client: ClientBase) => Promise<T>, { once = false }: Attempts = {}): Promise<T> {
    const startMs = nowMs();
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        const patienceMs = this.#wasReached
          ? this.#patienceMs
          : Math.min(FIRST_PATIENCE_MS, this.#patienceMs);
        const isOver = nowMs() + pauseMs - startMs > patienceMs;
        const { cause, wasSent } = error as AttemptFailure;
        if (isOver || !isPassing(cause) || (once && wasSent && isUnclear(cause))) {
          throw storeFailure(this.location, cause);
        }
      }
      await sleep(pauseMs);
    }
  }

  /** Ends the connections, unless others of this process use them. */
  async close(): Promise<void> {
    const used = this.#pool && pools.get(this.#name);
    this.#pool = undefined;
    if (!used || --used.users > 0) return;
    pools.delete(this.#name);
    await (await used.pool).end();
  }

  /** @throws AttemptFailure */
  async #attempt<T>(work: (client: ClientBase) => Promise<T>): Promise<T> {
    let wasSent = false;
    const limit = new TimeLimit(this.#attemptMs);
    try {
      const connecting = (await this.#open()).connect();
      const client = await limit.on(
        connecting,
        () =>
          void connecting.then(
            (late) => late.release(),
            () => {},
          ),
      );
      let failure: Error | undefined;
      try {
        this.#wasReached = true;
        wasSent = true;
        return await limit.on(work(client));
      } catch (error) {
        failure = error as Error;
        throw error;
      } finally {
        // Nobody knows what a connection is good for after a failure.
        client.release(failure);
      }
    } catch (cause) {
      throw new AttemptFailure(cause, wasSent);
    } finally {
      limit.end();
    }
  }

  #open(): Promise<Pool> {
    this.#pool ??= this.#share().catch((error) => {
      this.#pool = undefined; // what stood in the way may be gone at the next call
      throw error;
    });
    return this.#pool;
  }

  async #share(): Promise<Pool> {
    const used = pools.get(this.#name) ?? { pool: makePool(this.#given, this.#environment), users: 0 };
    pools.set(this.#name, used);
    used.users++;
    try {
      return await used.pool;
    } catch (error) {
      pools.delete(this.#name);
      throw error;
    }
  }
}

/** A time after which waiting is given up, for a server that accepts and does not answer. */
class TimeLimit {
  readonly #limitMs: number | undefined;
  #giveUp: ((reason: Error) => void) | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  /** @param limitMs for ever, when undefined */
  constructor(limitMs: number | undefined) {
    this.#limitMs = limitMs;
    if (limitMs === undefined) return;
    this.#timer = setTimeout(
      () => this.#giveUp?.(new Error(`no answer in ${limitMs / 1000} seconds`)),
      limitMs,
    );
  }

  /** @param abandon is called when the work is not waited for any more */
  on<T>(work: Promise<T>, abandon: () => void = () => {}): Promise<T> {
    if (this.#limitMs === undefined) return work;
    return new Promise((resolve, reject) => {
      this.#giveUp = (reason) => {
        abandon();
        reject(reason);
      };
      work.then(resolve, reject);
    });
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

/** Why an attempt failed, and whether the server may have been asked. */
class AttemptFailure extends Error {
  readonly wasSent: boolean;

  constructor(cause: unknown, wasSent: boolean) {
    super('attempt failed', { cause });
    this.wasSent = wasSent;
  }
}

async function makePool(given: PostgresLocation['given'], environment: Environment): Promise<Pool> {
  const settings = await connectionSettings(given, environment);
  const { Pool } = await loadDriver();
  const pool = new Pool({
    ...settings,
    max: MOST_CONNECTIONS,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
  });
  // A connection that breaks says so to who works on it, and as an event, which nobody needs; without a listener the process ends.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

async function loadDriver(): Promise<typeof import('pg')> {
  try {
    return await import('pg');
  } catch (error) {
    throw new PrpackError(
      'KEY_STORE_FAILED',
      'a key store on PostgreSQL needs the package pg, which is not installed',
      { remedy: 'Run `npm install pg` where prpack is installed.' },
      error,
    );
  }
}

/** Name of a statement that a connection prepares once: to plan it takes longer than to run it. */
function nameOf(sql: string): string {
  return createHash('sha256').update(sql).digest('base64url').slice(0, 32);
}

/** What of an environment says which database is meant. */
function variablesOf(environment: Environment): string[] {
  const names = Object.keys(environment).filter((name) => name.startsWith('PG'));
  return names.sort().map((name) => `${name}=${environment[name]}`);
}
