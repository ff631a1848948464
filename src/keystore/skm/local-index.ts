import type { KeyId } from '../../keys/key-id.js';
import type { KeyDescription, Page, PageRequest, PublishedOutput } from '../key-store.js';
import { pageLimit, readCursor, writeCursor } from '../page.js';
import { type OutputRow, toOutput } from '../rows.js';
import type { Database } from '../sqlite/database.js';
import { DatabaseFile } from '../sqlite/database-file.js';
import type { Schema } from '../sqlite/migrations.js';

/** `applicationId`: "prps". */
const SCHEMA: Schema = {
  applicationId: 0x70727073,
  migrations: [
    `
    create table keys (
      id integer primary key,
      server text not null,
      content_id text not null,
      kid text not null check (length(kid) = 36),
      unique (server, content_id, kid)
    ) strict;
    create table outputs (
      server text not null,
      kid text not null check (length(kid) = 36),
      sha256 text not null check (length(sha256) = 64),
      made_from text,
      published_at text not null,
      primary key (server, kid, sha256)
    ) strict, without rowid;
    `,
    // Which key holds a content for a label ('' for none) and algorithm: the first that was to be registered from this machine.
    `
    create table holders (
      server text not null,
      content_id text not null,
      label text not null,
      algorithm text not null,
      kid text not null check (length(kid) = 36),
      since text not null,
      primary key (server, content_id, label, algorithm)
    ) strict, without rowid;
    `,
    // Crypto periods have holders of their own; -1 stands for none.
    `
    alter table holders rename to holders_without_periods;
    create table holders (
      server text not null,
      content_id text not null,
      label text not null,
      algorithm text not null,
      period integer not null,
      kid text not null check (length(kid) = 36),
      since text not null,
      primary key (server, content_id, label, algorithm, period)
    ) strict, without rowid;
    insert into holders (server, content_id, label, algorithm, period, kid, since)
      select server, content_id, label, algorithm, -1, kid, since from holders_without_periods;
    drop table holders_without_periods;
    `,
    // As in the key store.
    'alter table outputs rename column sha256 to fingerprint;',
  ],
};

/** The `period` of holders that are of no crypto period. */
const NO_PERIOD = -1;

/** A KID, and the content that it was to be registered for. */
export interface NotedKey {
  readonly kid: KeyId;
  readonly contentId: string;
}

/** What a key is to hold. */
export type Slot = Pick<KeyDescription, 'contentId' | 'label' | 'algorithm' | 'period'>;

/** The key that holds a content for a label, algorithm and period. It may not be on the server yet, or never get there. */
export interface Holder {
  readonly kid: KeyId;
  /** RFC 3339 UTC. */
  readonly since: string;
}

type Row = { readonly id: number; readonly kid: KeyId; readonly content_id: string };

/**
 * What this machine knows of keys on SKM servers and the servers do not know: which KIDs a content has, and which files
 * were published with them. No key material. An SQLite file, for any number of processes.
 */
export class LocalIndex {
  readonly #server: string;
  readonly #file: DatabaseFile;

  /** @param server its URL: one file is for all servers */
  constructor(path: string, server: string) {
    this.#server = server;
    this.#file = new DatabaseFile(path, SCHEMA);
  }

  /** Durable, when this ends. */
  async noteKeys(keys: readonly NotedKey[]): Promise<void> {
    await this.#write((database) => {
      for (const { kid, contentId } of keys) {
        database.run(
          'insert or ignore into keys (server, content_id, kid) values (?, ?, ?)',
          this.#server,
          contentId,
          kid,
        );
      }
    });
  }

  /** Durable, when this ends. */
  async noteOutput(kids: readonly KeyId[], { fingerprint, madeFrom }: PublishedOutput): Promise<void> {
    const now = new Date().toISOString();
    await this.#write((database) => {
      for (const kid of kids) {
        database.run(
          'insert or ignore into outputs (server, kid, fingerprint, made_from, published_at) values (?, ?, ?, ?, ?)',
          this.#server,
          kid,
          fingerprint,
          madeFrom ?? null,
          now,
        );
      }
    });
  }

  /** The key that holds the content: this one, if there was none. Durable, when this ends. */
  async hold(slot: Slot, kid: KeyId): Promise<Holder> {
    return this.#write((database) => {
      database.run(
        'insert or ignore into holders (server, content_id, label, algorithm, period, kid, since) values (?, ?, ?, ?, ?, ?, ?)',
        ...this.#primaryKey(slot),
        kid,
        new Date().toISOString(),
      );
      return database.get<Holder>(
        `select kid, since from holders
           where server = ? and content_id = ? and label = ? and algorithm = ? and period = ?`,
        ...this.#primaryKey(slot),
      )!;
    });
  }

  /** Gives the content of one key to another, unless somebody was faster. */
  async passOn(slot: Slot, from: KeyId, to: KeyId): Promise<void> {
    await this.#write((database) =>
      database.run(
        `update holders set kid = ?, since = ?
           where server = ? and content_id = ? and label = ? and algorithm = ? and period = ? and kid = ?`,
        to,
        new Date().toISOString(),
        ...this.#primaryKey(slot),
        from,
      ),
    );
  }

  /** The keys that hold a content, one for each label, algorithm and period. */
  async holdersOf(contentId: string): Promise<ReadonlySet<KeyId>> {
    const rows = await this.#read<Holder>(
      'select kid from holders where server = ? and content_id = ?',
      this.#server,
      contentId,
    );
    return new Set(rows.map(({ kid }) => kid));
  }

  #primaryKey({ contentId, label, algorithm, period }: Slot): [string, string, string, string, number] {
    return [this.#server, contentId, label ?? '', algorithm, period ?? NO_PERIOD];
  }

  /** In the order in which they were noted. */
  async keys(contentId: string | undefined, page: PageRequest): Promise<Page<NotedKey>> {
    const limit = pageLimit(page);
    const [after] = page.cursor === undefined ? [0] : readCursor(page.cursor, [0] as const);
    const rows = await this.#read<Row>(
      `select id, kid, content_id from keys where server = ? and id > ? and (? is null or content_id = ?)
         order by id limit ?`,
      ...[this.#server, after, contentId ?? null, contentId ?? null, limit + 1],
    );
    const items = rows.slice(0, limit).map(({ kid, content_id }) => ({ kid, contentId: content_id }));
    return rows.length > limit ? { items, next: writeCursor([rows[limit - 1]!.id]) } : { items };
  }

  async outputsOf(kid: KeyId): Promise<PublishedOutput[]> {
    const rows = await this.#read<OutputRow>(
      'select fingerprint, made_from from outputs where server = ? and kid = ? order by published_at, fingerprint',
      this.#server,
      kid,
    );
    return rows.map(toOutput);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #write<T>(work: (database: Database) => T): Promise<T> {
    return this.#file.commit(work);
  }

  async #read<T>(sql: string, ...values: readonly (string | number | null)[]): Promise<T[]> {
    if (!(await this.#file.openIfThere())) return [];
    return this.#file.attempt((database) => database.all<T>(sql, ...values));
  }
}
