import type { ClientBase } from 'pg';
import { PrpackError } from '../../errors.js';
import type { Connections } from './connections.js';
import { isMissing } from './failure.js';
import { MIGRATIONS } from './migrations.js';

/** Of the lock that processes take which make or change the tables: "prpk". */
const LOCK = 0x7072706b;

const LOOK = `select (select max(version) from prpack.migrations) as version, (select kek_id from prpack.store) as kek`;

interface Look {
  readonly version: number;
  readonly kek: string | null;
}

/** The tables of a store as a whole: whether they are there, and of which version. They are looked at once in a process. */
export class Schema {
  /** Id of the KEK in force, as it was seen last. */
  kekInForce: string | undefined;
  readonly #connections: Connections;
  #there: Promise<boolean> | undefined;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /**
   * Whether there are tables. They are migrated to the newest version, but not made.
   * @throws PrpackError KEY_STORE_FAILED
   */
  async isThere(): Promise<boolean> {
    this.#there ??= this.#look();
    try {
      if (await this.#there) return true;
    } catch (error) {
      this.#there = undefined;
      throw error;
    }
    this.#there = undefined; // somebody may make them before the next call
    return false;
  }

  /** Makes the tables, unless they are there. Of many processes that do it at once, one does. */
  async make(): Promise<void> {
    if (await this.isThere()) return;
    await this.#connections.work(migrate);
    await this.isThere();
  }

  /** They are looked at again by the next call. */
  forget(): void {
    this.#there = undefined;
  }

  async #look(): Promise<boolean> {
    const found = await this.#connections.work(look);
    if (!found) return false;
    if (found.version < MIGRATIONS.length) await this.#connections.work(migrate);
    if (found.version > MIGRATIONS.length) throw newer(this.#connections.location, found.version);
    this.kekInForce = found.kek ?? undefined;
    return true;
  }
}

async function look(client: ClientBase): Promise<Look | undefined> {
  try {
    const { rows } = await client.query<Look>(LOOK);
    return rows[0];
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** All in one transaction. Another process may have migrated since it was looked. */
async function migrate(client: ClientBase): Promise<void> {
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [LOCK]);
    const { rows } = await client.query("select to_regnamespace('prpack') is null as none");
    // Whoever may not make schemas can be given one.
    if (rows[0].none) await client.query('create schema prpack');
    await client.query(`create table if not exists prpack.migrations (
      version integer primary key, at timestamptz not null default clock_timestamp())`);
    const { rows: versions } = await client.query(
      'select coalesce(max(version), 0) as version from prpack.migrations',
    );
    for (let version = versions[0].version; version < MIGRATIONS.length; version++) {
      await client.query(MIGRATIONS[version]!);
      await client.query('insert into prpack.migrations (version) values ($1)', [version + 1]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {}); // it may have been the connection
    throw error;
  }
}

function newer(location: string, version: number): PrpackError {
  return new PrpackError(
    'KEY_STORE_FAILED',
    `the key store was made by a newer version of prpack: ${location}`,
    {
      expected: MIGRATIONS.length,
      received: version,
      remedy: 'Use that version, or a newer one.',
    },
  );
}
