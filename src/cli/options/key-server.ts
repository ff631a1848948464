import type { Command } from 'commander';
import type { HttpClient } from '../../index.js';
import { invalidValue, nonEmpty, once, oneOf } from './values.js';

type Library = typeof import('../../index.js');

/** Environment variable of the header that lets prpack in at a SPEKE key provider. */
export const SPEKE_AUTH_VARIABLE = 'PRPACK_SPEKE_AUTH';

const SPEKE_VERSIONS = ['1.0', '2.0', '2.1'] as const;

/** What commander makes of the options of servers that keys come from. */
export interface KeyServerFlags {
  readonly cpix?: string;
  readonly cpixPrivateKey?: string;
  readonly spekeUrl?: string;
  readonly spekeVersion?: (typeof SPEKE_VERSIONS)[number];
  readonly spekeAuth?: string;
  readonly packagingDataUrl?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Adds the options of CPIX documents, to the group of options before them. */
export function addCpixOptions(command: Command): void {
  command.option('--cpix <file|url>', 'keys in a CPIX document', onceText('--cpix'));
  command.option(
    '--cpix-private-key <pem>',
    'RSA private key of the recipient of an encrypted CPIX document',
    onceText('--cpix-private-key'),
  );
}

/** Adds the options of servers that give keys for a content id, to the group of options before them. */
export function addKeyServerOptions(command: Command): void {
  command.option(
    '--speke-url <url>',
    'keys of a SPEKE key provider for --content-id',
    onceText('--speke-url'),
  );
  command.option(
    '--speke-version <version>',
    `${SPEKE_VERSIONS.join(', ')} (default: 2.0)`,
    oneOf('--speke-version', SPEKE_VERSIONS),
  );
  command.option(
    '--speke-auth <@file>',
    `file of the header that the key provider lets in (default: the header in ${SPEKE_AUTH_VARIABLE})`,
    onceText('--speke-auth'),
  );
  command.option(
    '--packaging-data-url <url>',
    'key of a PlayReady server for --content-id (AcquirePackagingData)',
    onceText('--packaging-data-url'),
  );
}

/** Adds the options of TLS connections to the servers of keys, to the group of options before them. */
export function addTlsOptions(command: Command): void {
  command.option(
    '--tls-ca <pem>',
    'trust these authorities at key servers, and no others',
    onceText('--tls-ca'),
  );
  command.option('--tls-cert <pem>', 'client certificate for key servers', onceText('--tls-cert'));
  command.option('--tls-key <pem>', 'private key of the client certificate', onceText('--tls-key'));
}

function onceText(flag: string) {
  return once(flag, nonEmpty(flag));
}

/** What talks to key servers. Nothing is connected before it is used, and idle connections keep no process alive. */
export async function httpClient(
  flags: KeyServerFlags,
  library: Library,
  signal: AbortSignal | undefined,
): Promise<HttpClient> {
  const { tlsCa, tlsCert, tlsKey } = flags;
  const authorization = await spekeAuthorization(flags, library);
  return new library.HttpClient({
    tls: {
      ...(tlsCa !== undefined && { authorities: tlsCa }),
      ...(tlsCert !== undefined && { certificate: tlsCert }),
      ...(tlsKey !== undefined && { privateKey: tlsKey }),
    },
    ...(signal && { signal }),
    ...(authorization && { authorization }),
  });
}

/** For the key provider alone: no other server gets to see it. */
async function spekeAuthorization({ spekeUrl, spekeAuth }: KeyServerFlags, library: Library) {
  if (spekeUrl === undefined) return undefined;
  if (spekeAuth === undefined) return library.environmentSecretHeader(SPEKE_AUTH_VARIABLE, process.env);
  if (!/^@./.test(spekeAuth)) {
    throw invalidValue('--speke-auth', '[redacted]', 'the name of a file after an @, such as @header.txt');
  }
  return library.readSecretHeader(spekeAuth.slice(1));
}
