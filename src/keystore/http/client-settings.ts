import { PrpackError } from '../../errors.js';
import { readSecretText } from '../../keys/file.js';
import { parseServerUrl } from '../../keys/http/location.js';
import { SecretHeader } from '../../keys/http/secret-header.js';
import type { TlsFiles } from '../../keys/http/tls.js';
import type { ServerClientOptions } from './server-client.js';

/** Environment variables of a program that uses a key store on a server. */
const TOKEN_VARIABLE = 'PRPACK_KEY_STORE_TOKEN';
const TOKEN_FILE_VARIABLE = 'PRPACK_KEY_STORE_TOKEN_FILE';
const AUTHORITIES_VARIABLE = 'PRPACK_KEY_STORE_CA_FILE';
const CERTIFICATE_VARIABLE = 'PRPACK_KEY_STORE_CERT_FILE';
const PRIVATE_KEY_VARIABLE = 'PRPACK_KEY_STORE_CERT_KEY_FILE';

/**
 * Address from the location, token and certificates from the environment; `http` for servers on this machine alone.
 * @param prefix what stands before the scheme of the URL in locations of this kind of server
 * @throws PrpackError INVALID_ARGUMENT
 */
export function clientSettings(
  location: string,
  environment: Readonly<Record<string, string | undefined>>,
  prefix = '',
): ServerClientOptions {
  const url = parseServerUrl(location);
  if (url.search !== '' || url.hash !== '') throw notAnAddress('it has a query or a fragment', prefix);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw notAnAddress('it would be talked to unencrypted on another machine', prefix);
  }
  return { url, authorization: () => readToken(environment), tls: tlsFiles(environment) };
}

async function readToken(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SecretHeader | undefined> {
  const path = environment[TOKEN_FILE_VARIABLE];
  const token =
    environment[TOKEN_VARIABLE] || (path && (await readSecretText(path, 'token of the key server')));
  if (!token) return undefined;
  const origin = environment[TOKEN_VARIABLE] ? TOKEN_VARIABLE : path!;
  return SecretHeader.parse(`Authorization: Bearer ${token.trim()}`, origin);
}

function tlsFiles(environment: Readonly<Record<string, string | undefined>>): TlsFiles {
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

function notAnAddress(problem: string, prefix: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', `this is not the address of a key server: ${problem}`, {
    expected: `${prefix}https://…, or ${prefix}http:// with a loopback address`,
    remedy: `Give the address alone, such as ${prefix}https://keys.example.com.`,
  });
}
