import { randomUUID } from 'node:crypto';
import { readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PrpackError } from '../../errors.js';
import { createSecretFile, makePrivateDirectory, syncDirectory } from '../../keys/file.js';
import { SCOPES } from './scopes.js';
import { makeToken, type TokenGrant, type TokenRecord } from './token.js';
import { type Tokens, unknownToken } from './tokens.js';

const FILE_NAME = /^([0-9a-f]{8})\.json$/;

const RECORD = z.object({
  id: z.string().regex(/^[0-9a-f]{8}$/),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  contentPrefix: z.string().optional(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.string(),
  expiresAt: z.string().optional(),
  revokedAt: z.string().optional(),
});

/**
 * The tokens of a key server: a directory for its owner alone, with a file a token. A file appears and changes whole, so that any number of
 * processes can make, revoke and check tokens at once without a lock.
 */
export class TokenStore implements Tokens {
  readonly directory: string;
  readonly #known = new Map<string, { readonly version: string; readonly record: TokenRecord }>();

  constructor(directory: string) {
    this.directory = directory;
  }

  get location(): string {
    return this.directory;
  }

  async create(
    grant: TokenGrant,
    deliver?: (token: string) => Promise<void>,
  ): Promise<{ token: string; record: TokenRecord }> {
    const made = makeToken(grant);
    await deliver?.(made.token);
    await this.#try(async () => {
      await makePrivateDirectory(this.directory);
      await createSecretFile(this.#path(made.record.id), textOf(made.record));
    });
    return made;
  }

  async list(): Promise<TokenRecord[]> {
    const names = await this.#try(() => readdir(this.directory).catch(noneIfMissing));
    const ids = names.flatMap((name) => FILE_NAME.exec(name)?.[1] ?? []);
    const records = await Promise.all(ids.map((id) => this.#read(id)));
    return records
      .filter((record) => record !== undefined)
      .sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id.localeCompare(b.id));
  }

  async revoke(id: string): Promise<TokenRecord> {
    const record = FILE_NAME.test(`${id}.json`) ? await this.#read(id) : undefined;
    if (!record) throw unknownToken();
    if (record.revokedAt !== undefined) return record;
    const revoked = { ...record, revokedAt: new Date().toISOString() };
    await this.#try(() => this.#replace(revoked));
    return revoked;
  }

  async record(id: string): Promise<TokenRecord | undefined> {
    return this.#read(id);
  }

  async close(): Promise<void> {}

  #path(id: string): string {
    return join(this.directory, `${id}.json`);
  }

  /** A record, read again only when its file has changed. */
  async #read(id: string): Promise<TokenRecord | undefined> {
    return this.#try(async () => {
      const path = this.#path(id);
      const status = await stat(path, { bigint: true }).catch(undefinedIfMissing);
      if (!status) return undefined;
      const version = `${status.ino} ${status.mtimeNs}`;
      const known = this.#known.get(id);
      if (known?.version === version) return known.record;
      const record = RECORD.parse(JSON.parse(await readFile(path, 'utf8'))) as TokenRecord;
      this.#known.set(id, { version, record });
      return record;
    });
  }

  async #replace(record: TokenRecord): Promise<void> {
    const path = this.#path(record.id);
    const next = `${path}.${randomUUID()}`;
    await createSecretFile(next, textOf(record));
    await rename(next, path).catch(async (error) => {
      await unlink(next);
      throw error;
    });
    await syncDirectory(this.directory);
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      const why = code ?? 'a file in it is not that of a token';
      throw new PrpackError(
        'KEY_STORE_FAILED',
        `the tokens of the key server cannot be used: ${this.directory} (${why})`,
        {
          path: this.directory,
          remedy: 'Let this user read and write the directory, and remove what is not a token from it.',
        },
        cause,
      );
    }
  }
}

function textOf(record: TokenRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

function noneIfMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code !== 'ENOENT') throw error;
  return [];
}
