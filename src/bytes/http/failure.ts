import { STATUS_CODES } from 'node:http';
import { type ErrorCode, PrpackError } from '../../errors.js';
import { codeOf } from './error-code.js';
import { CHECK_PROXY, CHECK_PROXY_USER, OR_A_PROXY_IS_NEEDED } from './proxy-remedies.js';

/** A status that may be another one when asked again. */
export class TransientStatus extends Error {
  readonly status: number;
  /** What the server asks for in `Retry-After`. */
  readonly waitMs: number | undefined;

  constructor(status: number, waitMs: number | undefined) {
    super(`status ${status}`);
    this.status = status;
    this.waitMs = waitMs;
  }
}

/** The body ended before the bytes that its header promised. */
export class CutBody extends Error {
  readonly code = 'CUT_BODY';
}

/** Statuses after which the same request may succeed (RFC 9110 15.5.9, 15.6; RFC 6585 4). */
const TRANSIENT_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

export function isTransientStatus(status: number): boolean {
  return TRANSIENT_STATUSES.has(status);
}

/** Failures of a connection after which the next may succeed. */
const TRANSIENT_CODES = new Set([
  ...[
    'CUT_BODY',
    'TIMEOUT',
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  ...['ETIMEDOUT', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'],
]);

export function isTransient(error: unknown): boolean {
  return error instanceof TransientStatus || TRANSIENT_CODES.has(codeOf(error));
}

const LATER = 'Try again later, or download the file and give its path.';

/** What to do about a status. */
const STATUS_FAULTS: Readonly<Record<number, readonly [code: ErrorCode, remedy: string]>> = {
  401: ['INPUT_UNREADABLE', 'Give a URL with a valid signature, or with user and password.'],
  403: ['INPUT_UNREADABLE', 'Check the access rights; a signed URL may have expired.'],
  404: ['INPUT_NOT_FOUND', 'Check the URL of the input.'],
  407: ['INPUT_UNREADABLE', CHECK_PROXY_USER],
  410: ['INPUT_NOT_FOUND', 'The file is gone: ask its owner for another URL.'],
};

/** The error for an answer that is not the bytes asked for. */
export function statusFailure(shown: string, status: number, attempts: number): PrpackError {
  const [code, remedy] = STATUS_FAULTS[status] ?? ['INPUT_UNREADABLE', LATER];
  const reason = STATUS_CODES[status] ?? 'unknown status';
  return new PrpackError(code, `${shown} answered ${status} (${reason})${tries(attempts)}`, {
    path: shown,
    expected: 206,
    received: status,
    remedy,
  });
}

const NETWORK_REMEDIES: Readonly<Record<string, string>> = {
  ENOTFOUND: 'Check the host name in the URL, and the name service.',
  EAI_AGAIN: 'Check the network and the name service.',
  ECONNREFUSED: 'Check host and port of the URL, and that the server is running.',
  UND_ERR_ABORTED: CHECK_PROXY,
  UND_ERR_INVALID_ARG: CHECK_PROXY_USER, // what undici makes of a 407 to a request for a whole URL
  TIMEOUT: 'The server is too slow or not there: try again later, or download the file and give its path.',
  CERT_HAS_EXPIRED: 'Have the certificate of the server renewed; check the clock of this machine.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Use the host name that the certificate of the server was issued for.',
};

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_UNTRUSTED/;

/** The error for a request without an answer, or with half of one. Of the cause only its code is kept. */
export function networkFailure(shown: string, error: unknown, attempts: number): PrpackError {
  if (error instanceof TransientStatus) return statusFailure(shown, error.status, attempts);
  const code = codeOf(error);
  const remedy = UNTRUSTED.test(code)
    ? 'The certificate of the server is not trusted: name that of its authority in NODE_EXTRA_CA_CERTS.'
    : (NETWORK_REMEDIES[code] ?? `Check the network, ${OR_A_PROXY_IS_NEEDED} ${LATER}`);
  const message = `reading ${shown} failed${tries(attempts)}: ${code}`;
  return new PrpackError('INPUT_UNREADABLE', message, { path: shown, remedy });
}

/** @param why what shows that the server does not serve ranges of this file */
export function noRanges(shown: string, why: string): PrpackError {
  return new PrpackError('INPUT_UNREADABLE', `${shown}: the server does not send parts of the file: ${why}`, {
    path: shown,
    clause: 'RFC 9110 14',
    remedy: 'Download the file first, for example with curl -O, and give its path.',
  });
}

export function changed(shown: string, what: string): PrpackError {
  return new PrpackError('INPUT_UNREADABLE', `${shown} was replaced while it was read: ${what}`, {
    path: shown,
    clause: 'RFC 9110 13.1.5',
    remedy: 'Run it again when the file does not change any more, or download it first.',
  });
}

function tries(attempts: number): string {
  return attempts > 1 ? ` after ${attempts} attempts` : '';
}
