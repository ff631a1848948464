import { PrpackError } from '../../errors.js';
import type { Connections } from '../../keystore/postgres/connections.js';
import { Schema } from '../../keystore/postgres/schema.js';
import type { Scope } from './scopes.js';
import { makeToken, type TokenGrant, type TokenRecord } from './token.js';
import { type Tokens, unknownToken } from './tokens.js';

/** A row of `prpack.token_rows`. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly content_prefix: string | null;
  readonly sha256: string;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
}

/** Tokens in the database of the key store, which all servers of that store accept. */
export class PostgresTokens implements Tokens {
  readonly location: string;
  readonly #connections: Connections;
  readonly #schema: Schema;

  constructor(connections: Connections) {
    this.#connections = connections;
    this.#schema = new Schema(connections);
    this.location = connections.location;
  }

  async create(
    grant: TokenGrant,
    deliver?: (token: string) => Promise<void>,
  ): Promise<{ token: string; record: TokenRecord }> {
    const made = makeToken(grant);
    await this.#schema.make();
    await deliver?.(made.token);
    const { id, name, scopes, contentPrefix = null, sha256, createdAt, expiresAt = null } = made.record;
    // An answer that was lost is asked for again: then the token is there.
    await this.#connections.rows(
      `insert into prpack.tokens (id, name, scopes, content_prefix, sha256, created_at, expires_at)
         values ($1, $2, $3::text[], $4, $5, $6, $7) on conflict (id) do nothing`,
      [id, name, scopes, contentPrefix, sha256, createdAt, expiresAt],
    );
    if ((await this.record(id))?.sha256 !== sha256) throw takenId(this.location);
    return made;
  }

  async list(): Promise<TokenRecord[]> {
    return this.#records('order by created_at, id', []);
  }

  async revoke(id: string): Promise<TokenRecord> {
    if (!(await this.record(id))) throw unknownToken();
    await this.#connections.rows(
      'update prpack.tokens set revoked_at = prpack.now() where id = $1 and revoked_at is null',
      [id],
    );
    return (await this.record(id))!;
  }

  async record(id: string): Promise<TokenRecord | undefined> {
    return (await this.#records('where id = $1', [id]))[0];
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** None where there is no store, which is not made. */
  async #records(rest: string, values: readonly unknown[]): Promise<TokenRecord[]> {
    if (!(await this.#schema.isThere())) return [];
    const rows = await this.#connections.rows<Row>(`select * from prpack.token_rows ${rest}`, values);
    return rows.map(recordOf);
  }
}

function recordOf(row: Row): TokenRecord {
  const { id, name, scopes, content_prefix, sha256, created_at, expires_at, revoked_at } = row;
  return {
    id,
    name,
    scopes,
    ...(content_prefix !== null && { contentPrefix: content_prefix }),
    sha256,
    createdAt: created_at,
    ...(expires_at !== null && { expiresAt: expires_at }),
    ...(revoked_at !== null && { revokedAt: revoked_at }),
  };
}

/** Ids have 32 random bits. */
function takenId(location: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `the new token has the id of another one: ${location}`, {
    remedy: 'Make a token again; the one that was shown is not good.',
  });
}
