import { codeOf } from '../../bytes/http/error-code.js';
import { CHECK_PROXY, CHECK_PROXY_USER, OR_A_PROXY_IS_NEEDED } from '../../bytes/http/proxy-remedies.js';
import { PrpackError } from '../../errors.js';
import type { HttpResponse } from './client.js';
import { describeUrl } from './location.js';

/** What to do about an answer, by status; else by its first digit. */
const REMEDY_OF_STATUS: Readonly<Record<string, string>> = {
  '3': 'Redirections are not followed, for they would carry keys elsewhere: give the final URL.',
  '4': 'Check the URL, the content id and what else was asked for against what the server expects.',
  '5': 'Look into the log of the server, or ask its operator.',
  '401': 'Check the authorization header or the client certificate.',
  '403': 'Check that the authorization header or client certificate is allowed to fetch keys here.',
  '404': 'Check the path of the URL.',
  '405': 'Check the path of the URL: the server takes no such request there.',
  '407': CHECK_PROXY_USER,
  '413': 'Ask for fewer keys at once.',
  '415': 'Check the path of the URL: the server expects another protocol there.',
  '429': 'Try again later, or ask for a higher limit.',
  '502': 'Try again later; the gateway could not reach the key server.',
  '503': 'Try again later.',
  '504': 'Try again later; the gateway waited for the key server in vain.',
};

interface Hint {
  readonly said?: string;
  readonly remedy: string;
}

/** Where a server lets nobody in without the header that an option gives. */
export function accessHint({ status }: HttpResponse, option: string): Hint | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return {
    remedy: `Check the authorization header (${option}), or the client certificate, and what it is allowed to fetch.`,
  };
}

/** The error for an answer with a status that is not a success. `hint` is what the server is known to mean, in our words. */
export function statusFailure(response: HttpResponse, hint?: Hint): PrpackError {
  const { status, url, attempts } = response;
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  const said = hint?.said ? `: ${hint.said}` : '';
  const { STATUS_CODES } = process.getBuiltinModule('node:http'); // not loaded before it is needed
  const reason = STATUS_CODES[status] ?? 'unknown status';
  return new PrpackError('KEY_SOURCE_FAILED', `${url} answered ${status} (${reason})${tries}${said}`, {
    expected: '200',
    received: status,
    remedy:
      hint?.remedy ??
      REMEDY_OF_STATUS[status] ??
      REMEDY_OF_STATUS[String(status)[0]] ??
      REMEDY_OF_STATUS['5'],
  });
}

/**
 * @param option gives the header that the server lets in
 * @throws PrpackError KEY_SOURCE_FAILED for any other status than 2xx
 */
export function assertSuccess(response: HttpResponse, option: string): HttpResponse {
  if (response.status >= 200 && response.status < 300) return response;
  throw statusFailure(response, accessHint(response, option));
}

interface NetworkFault {
  readonly said: string;
  readonly remedy: string;
}

const UNTRUSTED: NetworkFault = {
  said: 'has a certificate that is not trusted',
  remedy: 'Give the certificate of the authority that issued it, after checking that it is the right one.',
};
const REFUSED: NetworkFault = {
  said: 'closed the connection',
  remedy:
    'Check that the URL is right (http or https?), and whether the server wants a client certificate; else try again.',
};

/** What a failed connection means, by error code. */
const FAULT_OF_CODE: Readonly<Record<string, NetworkFault>> = {
  ECONNREFUSED: {
    said: 'refuses connections',
    remedy: 'Check host and port, and that the server is running.',
  },
  ENOTFOUND: {
    said: 'has a host name that is not known',
    remedy: 'Check the host name, and the name service.',
  },
  EAI_AGAIN: {
    said: 'has a host name that cannot be resolved now',
    remedy: 'Check the network and the name service.',
  },
  EHOSTUNREACH: {
    said: 'cannot be reached',
    remedy: `Check the network, ${OR_A_PROXY_IS_NEEDED}`,
  },
  ENETUNREACH: {
    said: 'cannot be reached',
    remedy: `Check the network, ${OR_A_PROXY_IS_NEEDED}`,
  },
  ECONNRESET: REFUSED,
  EPIPE: REFUSED,
  UND_ERR_SOCKET: REFUSED,
  UND_ERR_CONNECT_TIMEOUT: {
    said: 'does not take connections in time',
    remedy: `Check host, port and firewall, ${OR_A_PROXY_IS_NEEDED}`,
  },
  ETIMEDOUT: {
    said: 'cannot be reached in time',
    remedy: `Check the network, ${OR_A_PROXY_IS_NEEDED}`,
  },
  TIMEOUT: { said: 'did not answer in time', remedy: 'Try again later, or allow more time.' },
  UND_ERR_ABORTED: {
    said: 'cannot be reached through the proxy',
    remedy: CHECK_PROXY,
  },
  // What undici makes of a 407 to a request for a whole URL.
  UND_ERR_INVALID_ARG: {
    said: 'is behind a proxy that wants another user or password',
    remedy: CHECK_PROXY_USER,
  },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: {
    said: 'sent an answer that breaks off',
    remedy: 'Try again; else look at the server or at what stands between.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_UNTRUSTED: UNTRUSTED,
  CERT_HAS_EXPIRED: {
    said: 'has a certificate that has expired',
    remedy: 'Have the certificate renewed; check the clock of this machine.',
  },
  CERT_NOT_YET_VALID: {
    said: 'has a certificate that is not valid yet',
    remedy: 'Check the clock of this machine.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    said: 'has a certificate of another name',
    remedy: 'Use the host name that the certificate was issued for.',
  },
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: {
    said: 'wants a client certificate',
    remedy: 'Give a client certificate and its private key.',
  },
  EPROTO: {
    said: 'does not speak TLS as this program does',
    remedy: 'Check port and protocol (http or https) of the URL.',
  },
};

const OTHER_FAULT: NetworkFault = {
  said: 'gave no answer that could be read',
  remedy: 'Check that the URL is that of a key server, and look into its log.',
};

/**
 * The error for a request that got no answer. Of the cause only its code is kept: errors of parsers hold a piece of the answer, which
 * may be a key.
 */
export function networkFailure(url: URL, error: unknown, attempts: number): PrpackError {
  const code = codeOf(error);
  const { said, remedy } =
    FAULT_OF_CODE[code] ?? (code.startsWith('ERR_SSL_') ? FAULT_OF_CODE.EPROTO : OTHER_FAULT);
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  return new PrpackError(
    'KEY_SOURCE_FAILED',
    `${describeUrl(url)} ${said}${tries} (${code})`,
    { remedy },
    new Error(code),
  );
}
