import type { Command } from 'commander';
import type { HttpClient, SecretHeader } from '../../index.js';
import { invalidValue, nonEmpty, once, oneOf } from './values.js';

type Library = typeof import('../../index.js');

const SPEKE_VERSIONS = ['1.0', '2.0', '2.1'] as const;

/** What commander makes of the options of servers that keys come from. */
export interface KeyServerFlags {
  readonly cpix?: string;
  readonly cpixPrivateKey?: string;
  readonly cpixAuth?: string;
  readonly spekeUrl?: string;
  readonly spekeVersion?: (typeof SPEKE_VERSIONS)[number];
  readonly spekeAuth?: string;
  readonly packagingDataUrl?: string;
  readonly packagingDataAuth?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** The header that lets prpack in at a server: of which server, and where it is given. */
interface Authorization {
  readonly server: 'cpix' | 'spekeUrl' | 'packagingDataUrl';
  readonly name: 'cpixAuth' | 'spekeAuth' | 'packagingDataAuth';
  readonly flag: string;
  readonly variable: string;
}

const CPIX_AUTH: Authorization = {
  server: 'cpix',
  name: 'cpixAuth',
  flag: '--cpix-auth',
  variable: 'PRPACK_CPIX_AUTH',
};
const SPEKE_AUTH: Authorization = {
  server: 'spekeUrl',
  name: 'spekeAuth',
  flag: '--speke-auth',
  variable: 'PRPACK_SPEKE_AUTH',
};
const PACKAGING_DATA_AUTH: Authorization = {
  server: 'packagingDataUrl',
  name: 'packagingDataAuth',
  flag: '--packaging-data-auth',
  variable: 'PRPACK_PACKAGING_DATA_AUTH',
};
const AUTHORIZATIONS = [CPIX_AUTH, SPEKE_AUTH, PACKAGING_DATA_AUTH];

/** Adds the options of CPIX documents, to the group of options before them. */
export function addCpixOptions(command: Command): void {
  command.option('--cpix <file|url>', 'keys in a CPIX document', onceText('--cpix'));
  command.option(
    '--cpix-private-key <pem>',
    'RSA private key of the recipient of an encrypted CPIX document',
    onceText('--cpix-private-key'),
  );
  addAuthOption(command, CPIX_AUTH, 'the server of the CPIX document');
}

function addAuthOption(command: Command, { flag, variable }: Authorization, server: string): void {
  command.option(
    `${flag} <@file>`,
    `file of the header that ${server} lets in (default: the header in ${variable})`,
    onceText(flag),
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
  addAuthOption(command, SPEKE_AUTH, 'the key provider');
  command.option(
    '--packaging-data-url <url>',
    'key of a PlayReady server for --content-id (AcquirePackagingData)',
    onceText('--packaging-data-url'),
  );
  addAuthOption(command, PACKAGING_DATA_AUTH, 'the PlayReady server');
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

/** Lets the work ask servers of keys. Nothing is connected before it is used, and all connections end with the work. */
export async function withKeyServers<T>(
  flags: KeyServerFlags,
  library: Library,
  signal: AbortSignal | undefined,
  work: (client: HttpClient) => Promise<T>,
): Promise<T> {
  const { tlsCa, tlsCert, tlsKey } = flags;
  const authorization = await authorizationOf(flags, library);
  const client = new library.HttpClient({
    tls: {
      ...(tlsCa !== undefined && { authorities: tlsCa }),
      ...(tlsCert !== undefined && { certificate: tlsCert }),
      ...(tlsKey !== undefined && { privateKey: tlsKey }),
    },
    ...(signal && { signal }),
    ...(authorization && { authorization }),
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** For the server that is named, alone: no other gets to see it. */
async function authorizationOf(flags: KeyServerFlags, library: Library): Promise<SecretHeader | undefined> {
  const named = AUTHORIZATIONS.find(({ server }) => isUrl(flags[server]));
  if (!named) return undefined;
  const value = flags[named.name];
  if (value === undefined) return library.environmentSecretHeader(named.variable, process.env);
  if (/^@./.test(value)) return library.readSecretHeader(value.slice(1));
  throw invalidValue(named.flag, '[redacted]', 'the name of a file after an @, such as @header.txt');
}

/** A CPIX document may be a file of this machine, too. */
export function isUrl(location: string | undefined): location is string {
  return location !== undefined && /^https?:/i.test(location);
}
