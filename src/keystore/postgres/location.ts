import { PrpackError } from '../../errors.js';

/** Words of a connection, by the names that libpq has for them (https://www.postgresql.org/docs/current/libpq-connect.html). */
export const PARAMETERS = [
  'host',
  'port',
  'user',
  'password',
  'dbname',
  'service',
  'passfile',
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'connect_timeout',
  'application_name',
] as const;

export type Parameter = (typeof PARAMETERS)[number];
export type Parameters = Partial<Record<Parameter, string>>;

/** Words that are secret. */
const SECRET: readonly string[] = ['password'];

/** A location that was read. */
export interface PostgresLocation {
  /** For reports: without a password. */
  readonly location: string;
  readonly given: Parameters;
}

/**
 * Reads `postgres://user:password@host:port/database?sslmode=…`; every part may be absent.
 * @throws PrpackError INVALID_ARGUMENT; the location is not repeated, for it may have a password
 */
export function readLocation(text: string): PostgresLocation {
  const url = parsed(text);
  const given: Parameters = {};
  const put = (name: Parameter, value: string) => {
    if (value !== '') given[name] = value;
  };
  put('host', decoded(url.hostname).replace(/^\[(.*)\]$/, '$1'));
  put('port', url.port);
  put('user', decoded(url.username));
  put('password', decoded(url.password));
  put('dbname', decoded(url.pathname.slice(1)));
  for (const [name, value] of url.searchParams) {
    if (!isParameter(name)) throw unknownParameter(name);
    put(name, value);
  }
  return { location: withoutSecrets(url), given };
}

function parsed(text: string): URL {
  try {
    const url = new URL(text);
    if (url.hash === '' && !url.pathname.slice(1).includes('/')) return url;
  } catch {
    // Not a URL: as wrong as one of another form.
  }
  throw wrongForm();
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw wrongForm();
  }
}

function isParameter(name: string): name is Parameter {
  return (PARAMETERS as readonly string[]).includes(name);
}

function withoutSecrets(url: URL): string {
  const shown = new URL(url);
  shown.password = '';
  for (const name of SECRET) if (shown.searchParams.has(name)) shown.searchParams.delete(name);
  return shown.href;
}

function wrongForm(): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', 'this is not the location of a PostgreSQL database', {
    expected: 'postgres://user@host:port/database?sslmode=verify-full',
    remedy:
      'Write signs that mean something in a URL as %xx. The password is better kept in the file that PGPASSFILE names.',
  });
}

function unknownParameter(name: string): PrpackError {
  return new PrpackError(
    'INVALID_ARGUMENT',
    `the location of the key store has an unknown parameter: ${name}`,
    {
      expected: PARAMETERS.join(', '),
      remedy: 'Leave it out, or set it for the user or the database in PostgreSQL.',
    },
  );
}
