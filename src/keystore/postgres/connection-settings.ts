import { readFile } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import type { ClientConfig } from 'pg';
import { PrpackError } from '../../errors.js';
import { readPrivateText } from '../../keys/file.js';
import { type Account, isThere, passwordFrom, readService } from './connection-files.js';
import type { Parameter, Parameters } from './location.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that say what neither the location nor the service says. */
const VARIABLES: Readonly<Record<Parameter, string>> = {
  host: 'PGHOST',
  port: 'PGPORT',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  dbname: 'PGDATABASE',
  service: 'PGSERVICE',
  passfile: 'PGPASSFILE',
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  application_name: 'PGAPPNAME',
};

const SOCKET_FOLDER = '/var/run/postgresql';
const CONNECT_TIMEOUT_SECONDS = 10;

/** How long the server works on a statement, and waits for a lock of another client, before it gives up. */
const STATEMENT_TIMEOUT_MS = 30_000;
const LOCK_TIMEOUT_MS = 10_000;
/** How long an answer is waited for: longer than the server works, so that only a server that is gone is given up. */
const ANSWER_TIMEOUT_MS = 40_000;

/**
 * Settings of the sessions of a store. What is decided by compare and set must see what others have committed, whatever the database
 * does by default.
 */
const SESSION = [
  'default_transaction_isolation=read\\ committed',
  `statement_timeout=${STATEMENT_TIMEOUT_MS}`,
  `lock_timeout=${LOCK_TIMEOUT_MS}`,
];

/**
 * What the client of a connection is made with: what the location says comes before the service, and that before variables of the
 * environment. The password is looked up for each connection.
 * @throws PrpackError as `readService`, and INVALID_ARGUMENT for modes of TLS that do not protect
 */
export async function connectionSettings(given: Parameters, environment: Environment): Promise<ClientConfig> {
  const all = await allParameters(given, environment);
  const { host = await defaultHost(), port = '5432', user = userInfo().username } = all;
  const { dbname = user, application_name = 'prpack' } = all;
  return {
    host,
    port: Number(port),
    user,
    database: dbname,
    password: () => passwordOf(all, { host, port, dbname, user }),
    ssl: await tlsOptions(all, host),
    application_name,
    connectionTimeoutMillis: 1000 * Number(all.connect_timeout ?? CONNECT_TIMEOUT_SECONDS),
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    options: SESSION.map((setting) => `-c ${setting}`).join(' '),
  };
}

async function allParameters(given: Parameters, environment: Environment): Promise<Parameters> {
  const fromEnvironment: Parameters = {};
  for (const [name, variable] of Object.entries(VARIABLES)) {
    const value = environment[variable];
    if (value) fromEnvironment[name as Parameter] = value;
  }
  const service = given.service ?? fromEnvironment.service;
  const fromService = service === undefined ? {} : await readService(service, environment);
  return { ...fromEnvironment, ...fromService, ...given };
}

async function defaultHost(): Promise<string> {
  return (await isThere(SOCKET_FOLDER)) ? SOCKET_FOLDER : 'localhost';
}

/** Called when the server asks for one. */
async function passwordOf({ password, passfile }: Parameters, account: Account): Promise<string> {
  if (password !== undefined) return password;
  const path = passfile ?? join(homedir(), '.pgpass');
  const isNamed = passfile !== undefined;
  const found = isNamed || (await isThere(path)) ? await passwordFrom(path, account) : undefined;
  if (found !== undefined) return found;
  throw new PrpackError(
    'KEY_STORE_FAILED',
    `PostgreSQL wants a password of ${account.user}, and none is given`,
    {
      remedy: `Put a line ${account.host}:${account.port}:${account.dbname}:${account.user}:<password> into the file that PGPASSFILE names, or into ~/.pgpass, with mode 0600.`,
    },
  );
}

/** How connections are protected, by `sslmode`. What libpq calls `allow` and `prefer` protects from nobody, and is not offered. */
const MODES: Readonly<Record<string, (verified: ConnectionOptions) => ConnectionOptions | false>> = {
  disable: () => false,
  // As libpq does it, a root certificate makes it `verify-ca`.
  require: (verified) => (verified.ca ? withoutName(verified) : { ...verified, rejectUnauthorized: false }),
  'verify-ca': withoutName,
  'verify-full': (verified) => verified,
};

function withoutName(verified: ConnectionOptions): ConnectionOptions {
  return { ...verified, checkServerIdentity: () => undefined };
}

/** TLS with verification, but to this machine. */
async function tlsOptions(parameters: Parameters, host: string): Promise<ConnectionOptions | false> {
  const { sslmode = isThisMachine(host) ? 'disable' : 'verify-full', sslcert, sslkey } = parameters;
  const mode = Object.hasOwn(MODES, sslmode) ? MODES[sslmode] : undefined;
  if (!mode) {
    throw new PrpackError('INVALID_ARGUMENT', `sslmode ${sslmode} is not one that protects the connection`, {
      expected: Object.keys(MODES).join(', '),
      received: sslmode,
      remedy: 'Take verify-full, with the root certificate of the server as sslrootcert.',
    });
  }
  if (sslmode === 'disable' || host.startsWith('/')) return false;
  const ca = await rootCertificate(parameters);
  return mode({
    ...(ca !== undefined && { ca }),
    ...(sslcert !== undefined && { cert: await readCertificate(sslcert) }),
    ...(sslkey !== undefined && { key: await readPrivateText(sslkey, 'client key of PostgreSQL') }),
  });
}

function isThisMachine(host: string): boolean {
  return host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host);
}

/** Undefined: the authorities that Node.js knows. */
async function rootCertificate({ sslrootcert }: Parameters): Promise<string | undefined> {
  if (sslrootcert === 'system') return undefined;
  if (sslrootcert !== undefined) return readCertificate(sslrootcert);
  const path = join(homedir(), '.postgresql', 'root.crt');
  return (await isThere(path)) ? readCertificate(path) : undefined;
}

async function readCertificate(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      'KEY_STORE_FAILED',
      `the certificate for PostgreSQL cannot be read: ${path} (${code})`,
      { path, remedy: 'Name a file that this user may read with sslrootcert or sslcert.' },
      error,
    );
  }
}
