import { PrpackError } from '../../errors.js';
import { readSecretText } from '../../keys/file.js';
import { parseServerUrl } from '../../keys/http/location.js';
import { SecretHeader } from '../../keys/http/secret-header.js';
import type { TlsFiles } from '../../keys/http/tls.js';
import {
  AUTHORITIES_VARIABLE,
  CERTIFICATE_VARIABLE,
  PRIVATE_KEY_VARIABLE,
  TOKEN_FILE_VARIABLE,
  TOKEN_VARIABLE,
} from '../http/open.js';
import { skmKekSource } from './kek-source.js';
import { SkmKeyStore } from './skm-key-store.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The key store behind an SKM server; `http` for servers on this machine alone. `location` is the URL without `skm+`.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function openSkmKeyStore(location: string, environment: Environment, kekFile?: string): SkmKeyStore {
  const url = parseServerUrl(location);
  if (url.search !== '' || url.hash !== '') throw notAnAddress('it has a query or a fragment');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw notAnAddress('it would be talked to unencrypted on another machine');
  }
  return new SkmKeyStore({
    url,
    kek: skmKekSource(environment, kekFile),
    authorization: () => readToken(environment),
    tls: tlsFiles(environment),
  });
}

async function readToken(environment: Environment): Promise<SecretHeader | undefined> {
  const given = environment[TOKEN_VARIABLE];
  if (given) return SecretHeader.parse(`Authorization: Bearer ${given.trim()}`, TOKEN_VARIABLE);
  const path = environment[TOKEN_FILE_VARIABLE];
  if (!path) return undefined;
  return SecretHeader.parse(
    `Authorization: Bearer ${await readSecretText(path, 'token of the SKM server')}`,
    path,
  );
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
  return new PrpackError('INVALID_ARGUMENT', `this is not the address of an SKM server: ${problem}`, {
    expected: 'skm+https://…, or skm+http:// with a loopback address',
    remedy: 'Give the address alone, such as skm+https://keys.example.com.',
  });
}
