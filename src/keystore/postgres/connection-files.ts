import { stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PrpackError } from '../../errors.js';
import { readPrivateText, readSecretText } from '../../keys/file.js';
import { PARAMETERS, type Parameter, type Parameters } from './location.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a service file says of a service (https://www.postgresql.org/docs/current/libpq-pgservice.html): the file that `PGSERVICEFILE` names, else
 * `~/.pg_service.conf`, else `pg_service.conf` in the folder that `PGSYSCONFDIR` names.
 * @throws PrpackError KEY_STORE_FAILED when no file has the service, KEY_SOURCE_FAILED when one cannot be read
 */
export async function readService(service: string, environment: Environment): Promise<Parameters> {
  const { PGSERVICEFILE, PGSYSCONFDIR } = environment;
  const paths = [
    PGSERVICEFILE || join(homedir(), '.pg_service.conf'),
    ...(PGSYSCONFDIR ? [join(PGSYSCONFDIR, 'pg_service.conf')] : []),
  ];
  for (const path of paths) {
    if (!(await isThere(path))) continue;
    const found = sectionOf(await readSecretText(path, 'service file of PostgreSQL'), service);
    if (found) return found;
  }
  throw new PrpackError('KEY_STORE_FAILED', `no service file of PostgreSQL has the service ${service}`, {
    expected: `[${service}] in ${paths.join(' or ')}`,
    remedy: 'Name the file with PGSERVICEFILE, and the service as it stands there in square brackets.',
  });
}

/** Lines of a section; words that are not known here are passed over, for the file serves other programs, too. */
function sectionOf(text: string, service: string): Parameters | undefined {
  let found: Parameters | undefined;
  let isInside = false;
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line.startsWith('[')) {
      isInside = line === `[${service}]`;
      if (isInside) found ??= {};
    } else if (isInside && !line.startsWith('#') && line.includes('=')) {
      const name = line.slice(0, line.indexOf('=')).trim() as Parameter;
      if (PARAMETERS.includes(name)) found![name] = line.slice(line.indexOf('=') + 1).trim();
    }
  }
  return found;
}

/** Whose password is wanted. */
export interface Account {
  readonly host: string;
  readonly port: string;
  readonly dbname: string;
  readonly user: string;
}

/**
 * The password of an account in a password file (https://www.postgresql.org/docs/current/libpq-pgpass.html): lines of
 * `host:port:database:user:password`, of which the first that fits counts; `*` fits all.
 * @throws PrpackError KEY_INVALID when others can read the file, KEY_SOURCE_FAILED when it cannot be read
 */
export async function passwordFrom(path: string, account: Account): Promise<string | undefined> {
  const { host, port, dbname, user } = account;
  // A socket of this machine is looked up as libpq does it.
  const wanted = [host.startsWith('/') ? 'localhost' : host, port, dbname, user];
  const text = await readPrivateText(path, 'password file of PostgreSQL');
  for (const line of text.split('\n')) {
    const fields = line.trim().startsWith('#') ? [] : fieldsOf(line);
    const fits = fields.length === 5 && wanted.every((one, i) => fields[i] === '*' || fields[i] === one);
    if (fits) return fields[4];
  }
  return undefined;
}

/** `\:` and `\\` stand for the signs themselves. */
function fieldsOf(line: string): string[] {
  const fields = [''];
  for (const [part] of line.replace(/\r$/, '').matchAll(/\\.|./gs)) {
    if (part === ':' && fields.length < 5) fields.push('');
    else fields[fields.length - 1] += part.length === 2 ? part[1] : part;
  }
  return fields;
}

/** Whether there is a file at a place where one may be. */
export async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
