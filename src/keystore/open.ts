import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { PrpackError } from '../errors.js';
import { checkOptions } from '../settings/check.js';
import { named } from '../settings/spelling.js';
import { actorKeyStore } from './actor-key-store.js';
import { openHttpKeyStore } from './http/open.js';
import { kekSource } from './kek.js';
import type { KeyStore } from './key-store.js';
import type { KeyTables } from './key-tables.js';
import { defaultKeyStorePath } from './paths.js';
import { openPostgresTables } from './postgres/open.js';
import { PromptReadAudit } from './read-audit.js';
import { openSkmKeyStore } from './skm/open.js';
import { DatabaseFile } from './sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from './sqlite/migrations.js';
import { SqliteTables } from './sqlite/sqlite-tables.js';
import { TableKeyStore } from './table-key-store.js';

/** Environment variable that names the key store. */
export const KEY_STORE_VARIABLE = 'PRPACK_KEY_STORE';

export interface OpenKeyStoreOptions {
  /** Such as `sqlite:<path>`, `postgres://<user>@<host>/<database>`, `https://<host>` of a key server, or `skm+https://<host>` of an SKM server. Default: what `PRPACK_KEY_STORE` names, else the user's own SQLite store. */
  readonly location?: string;
  /** File of the key-encryption key. Default: `PRPACK_KEK`, else a file in the user's configuration directory. */
  readonly kekFile?: string;
  /**
   * Program that wraps key-encryption keys, which the store then keeps, such as a client of a key management service. Keys under
   * another one, of `kekFile` or its default, go on to be found.
   */
  readonly kekCommand?: string;
  /** Default: this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Who works with the store, for the audit. Default: `user@host`. */
  readonly actor?: string;
}

type Environment = NonNullable<OpenKeyStoreOptions['environment']>;
type Opener = (rest: string, options: OpenKeyStoreOptions, environment: Environment) => KeyStore;

/** Kinds of key stores by the scheme of their location. */
const OPENERS: Readonly<Record<string, Opener>> = {
  sqlite: openSqlite,
  postgres: openPostgres,
  postgresql: openPostgres,
  https: (rest, _, environment) => openHttpKeyStore(`https:${rest}`, environment),
  http: (rest, _, environment) => openHttpKeyStore(`http:${rest}`, environment),
  'skm+https': (rest, options, environment) => openSkm(`https:${rest}`, options, environment),
  'skm+http': (rest, options, environment) => openSkm(`http:${rest}`, options, environment),
};

/**
 * The key store at a location. Nothing is read, made or connected before its first use.
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store
 */
export function openKeyStore(options: OpenKeyStoreOptions = {}): KeyStore {
  checkOptions('openKeyStore', options);
  const { scheme, rest, environment } = locate(options);
  return OPENERS[scheme]!(rest, options, environment);
}

/**
 * The location that is meant, in its two parts.
 * @throws PrpackError INVALID_ARGUMENT when the location is not one of a key store
 */
export function locate(options: OpenKeyStoreOptions) {
  const environment = options.environment ?? process.env;
  const location =
    options.location ?? (environment[KEY_STORE_VARIABLE] || `sqlite:${defaultKeyStorePath(environment)}`);
  const colon = location.indexOf(':');
  const scheme = location.slice(0, colon);
  const rest = location.slice(colon + 1);
  if (!Object.hasOwn(OPENERS, scheme) || rest === '') throw noLocation();
  return { scheme, rest, environment };
}

function openSqlite(rest: string, options: OpenKeyStoreOptions, environment: Environment): KeyStore {
  const tables = new SqliteTables(new DatabaseFile(sqlitePath(rest), KEY_STORE_SCHEMA));
  return storeOver(tables, options, environment);
}

/**
 * Absolute path of a file that is named after `sqlite:`; `sqlite:///absolute/path`, as other programs write it, is the same file as
 * `sqlite:/absolute/path`.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function sqlitePath(rest: string): string {
  if (/^\/\/[^/]/.test(rest)) throw noLocation(); // sqlite://host/…: there is no host
  return resolve(rest);
}

function openPostgres(rest: string, options: OpenKeyStoreOptions, environment: Environment): KeyStore {
  return storeOver(openPostgresTables(`postgres:${rest}`, environment), options, environment);
}

function storeOver(tables: KeyTables, options: OpenKeyStoreOptions, environment: Environment): KeyStore {
  const kek = kekSource(environment, options);
  const shared = new TableKeyStore({ tables, kek, readAudit: new PromptReadAudit(tables) });
  return actorKeyStore(shared, options.actor ?? processOwner());
}

function openSkm(
  url: string,
  { kekFile, kekCommand }: OpenKeyStoreOptions,
  environment: Environment,
): KeyStore {
  if (kekCommand === undefined) return openSkmKeyStore(url, environment, kekFile);
  throw new PrpackError('INVALID_ARGUMENT', `${named('kekCommand')} has no use with an SKM server`, {
    remedy: `Give the KEK that was agreed on with the license server, with ${named('kekFile')} or in PRPACK_KEK.`,
  });
}

function processOwner(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // Containers run under user ids that have no name.
    return `uid ${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

/** The location is not repeated: it may be a URL with credentials. */
function noLocation(): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'this is not the location of a key store', {
    expected: Object.keys(OPENERS)
      .map((scheme) => `${scheme}:…`)
      .join(', '),
    remedy:
      'Name a file as sqlite:<path>, a database as postgres://<user>@<host>/<database>, a key server as https://<host> or an SKM server as skm+https://<host>, or leave the key store out to use the default one.',
  });
}
