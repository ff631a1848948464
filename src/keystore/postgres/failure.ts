import { PrpackError } from '../../errors.js';

type Advice = readonly [problem: string, remedy: string];

const GONE: Advice = [
  'cannot be reached',
  'Check that the PostgreSQL server runs, its address, and the network between, then try again.',
];
const REFUSED: Advice = [
  'refuses this user',
  'Check user and password (PGPASSFILE), and what pg_hba.conf of the server says of them.',
];
const UNTRUSTED: Advice = [
  'has a certificate that is not trusted',
  'Name the root certificate of the server with sslrootcert, and the server as its certificate does.',
];
const NO_ROOM: Advice = ['has no room left', 'Free some space for the PostgreSQL server, then try again.'];
const BUSY: Advice = ['is busy', 'Wait until the other work on this key store is done, then try again.'];
const UNFIT: Advice = [
  'cannot keep this text',
  'Take content ids, labels and policies without the character U+0000, and below two thousand characters.',
];

/** Names of conditions of PostgreSQL (https://www.postgresql.org/docs/current/errcodes-appendix.html), and of the system. */
const ADVICE: ReadonlyMap<string, Advice> = new Map([
  ['28000', REFUSED],
  ['28P01', REFUSED],
  ['3D000', ['is not there', 'Make the database first: `createdb`; prpack makes the tables in it.']],
  [
    '42501',
    [
      'lacks a permission',
      'Let this user create a schema in the database, or own the schema prpack (grant create on database …).',
    ],
  ],
  ['25006', ['is read-only', 'Name the primary server, and not a replica.']],
  ['53100', NO_ROOM],
  ['53300', ['has too many clients', 'Let fewer processes use it at once, or raise max_connections.']],
  ['55P03', BUSY],
  ['57014', BUSY],
  ['22P05', UNFIT],
  ['22021', UNFIT],
  ['54000', UNFIT],
  ['SELF_SIGNED_CERT_IN_CHAIN', UNTRUSTED],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', UNTRUSTED],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', UNTRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', UNTRUSTED],
  ['CERT_HAS_EXPIRED', UNTRUSTED],
  ['ERR_TLS_CERT_ALTNAME_INVALID', UNTRUSTED],
]);

/** A state of PostgreSQL has five signs. */
const SQLSTATE = /^[0-9A-Z]{5}$/;
/** States after which another attempt on another connection may succeed: the server starts, ends, or has too many clients. */
const PASSING = /^(?:08...|57P0[1-3]|53300|40001|40P01)$/;

/** Whether the same may succeed in a moment: the server was not reached, or went away. */
export function isPassing(error: unknown): boolean {
  if (error instanceof PrpackError) return false;
  const code = codeOf(error);
  if (code !== undefined && SQLSTATE.test(code)) return PASSING.test(code);
  return code === undefined || !ADVICE.has(code);
}

/** Whether what was asked for may have been done all the same: the connection ended before an answer came. */
export function isUnclear(error: unknown): boolean {
  const code = codeOf(error);
  return isPassing(error) && !(code !== undefined && SQLSTATE.test(code) && !/^(?:08|57)/.test(code));
}

/** Whether the tables of a key store are not there: no schema, or no table. */
export function isMissing(error: unknown): boolean {
  const code = codeOf(error);
  return code === '3F000' || code === '42P01';
}

/** A KEY_STORE_FAILED for an error of the driver or the server; an error of our own passes through. */
export function storeFailure(location: string, cause: unknown): PrpackError {
  if (cause instanceof PrpackError) return cause;
  const known = ADVICE.get(codeOf(cause) ?? '') ?? (isPassing(cause) ? GONE : undefined);
  const [problem, remedy] = known ?? [
    'failed',
    'Look into the log of the PostgreSQL server, then try again.',
  ];
  const detail = detailOf(cause);
  return new PrpackError(
    known === UNFIT ? 'INVALID_ARGUMENT' : 'KEY_STORE_FAILED',
    `the key store ${problem}: ${location} (${detail})`,
    { remedy, ...((isPassing(cause) || known === BUSY) && { retryAfterSeconds: 1 }) },
    cause,
  );
}

/** The key store is wanted as it is, and is not there. */
export function noStore(location: string): PrpackError {
  return new PrpackError('KEY_STORE_FAILED', `there is no key store: ${location}`, {
    remedy: 'Name a database with a key store: it is made when the first key is registered.',
  });
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Several addresses of a host that are all refused come as an error without a text. */
function detailOf(cause: unknown): string {
  const text = cause instanceof Error ? cause.message : String(cause);
  return text || (codeOf(cause) ?? 'no answer');
}
