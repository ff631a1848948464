import { PrpackError } from '../../errors.js';
import { readSecretText } from '../../keys/file.js';
import { parseServerUrl } from '../../keys/http/location.js';
import { SecretHeader } from '../../keys/http/secret-header.js';
import type { TlsFiles } from '../../keys/http/tls.js';
import { HttpKeyStore } from './http-key-store.js';

/** Environment variables of whoever uses a key server. */
export const TOKEN_VARIABLE = 'PRPACK_KEY_STORE_TOKEN';
export const TOKEN_FILE_VARIABLE = 'PRPACK_KEY_STORE_TOKEN_FILE';
export const AUTHORITIES_VARIABLE = 'PRPACK_KEY_STORE_CA_FILE';
export const CERTIFICATE_VARIABLE = 'PRPACK_KEY_STORE_CERT_FILE';
export const PRIVATE_KEY_VARIABLE = 'PRPACK_KEY_STORE_CERT_KEY_FILE';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The key store behind a key server; `http` for servers on this machine alone.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function openHttpKeyStore(location: string, environment: Environment): HttpKeyStore {
  const url = parseServerUrl(location);
  if (url.search !== '' || url.hash !== '') throw notAnAddress('it has a query or a fragment');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw notAnAddress('keys would be sent unencrypted to another machine');
  }
  return new HttpKeyStore({ url, authorization: () => readToken(environment), tls: tlsFiles(environment) });
}

/** None, where a client certificate is what lets this client in. */
async function readToken(environment: Environment): Promise<SecretHeader | undefined> {
  const path = environment[TOKEN_FILE_VARIABLE];
  const token =
    environment[TOKEN_VARIABLE] || (path && (await readSecretText(path, 'token of the key server')));
  if (!token) return undefined;
  const origin = environment[TOKEN_VARIABLE] ? TOKEN_VARIABLE : path!;
  return SecretHeader.parse(`Authorization: Bearer ${token.trim()}`, origin);
}

function tlsFiles(environment: Environment): TlsFiles {
  const authorities = environment[AUTHORITIES_VARIABLE];
  const certificate = environment[CERTIFICATE_VARIABLE];
  const privateKey = environment[PRIVATE_KEY_VARIABLE];
  return {
    ...(authorities && { authorities }),
    ...(certificate && { certificate }),
    ...(privateKey && { privateKey }),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname);
}

function notAnAddress(problem: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `this is not the address of a key server: ${problem}`, {
    expected: 'https://…, or http:// with a loopback address',
    remedy: 'Give the address alone, such as https://keys.example.com.',
  });
}
