import type { Command } from 'commander';
import type { HttpClient, SecretHeader, SpekeOptions } from '../../index.js';
import { isWebAddress } from '../../settings/kinds.js';
import { flaggedOption } from '../../settings/options.js';
import { addGroup } from './add.js';

type Library = typeof import('../../core.js');

/** What commander makes of the options of servers that keys come from. */
export interface KeyServerFlags {
  readonly cpix?: string;
  readonly cpixPrivateKey?: string;
  readonly cpixAuth?: string;
  readonly spekeUrl?: string;
  readonly spekeVersion?: NonNullable<SpekeOptions['version']>;
  readonly spekeAuth?: string;
  readonly packagingDataUrl?: string;
  readonly packagingDataAuth?: string;
  readonly widevineKeyServer?: string;
  readonly widevineSigner?: string;
  readonly widevineSigningKeyFile?: string;
  readonly widevineAuth?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** Servers of keys, and the options with the header that lets prpack in at each. */
const AUTHORIZATIONS = [
  ['cpix', 'cpixAuth'],
  ['spekeUrl', 'spekeAuth'],
  ['packagingDataUrl', 'packagingDataAuth'],
  ['widevineKeyServer', 'widevineAuth'],
] as const;

/** Servers that are asked for the keys of one content id at a time. */
const SERVERS_OF_CONTENT = ['spekeUrl', 'packagingDataUrl', 'widevineKeyServer'] as const;

export function asksByContent(flags: KeyServerFlags): boolean {
  return SERVERS_OF_CONTENT.some((server) => flags[server] !== undefined);
}

/** Whether the server gives keys by classes of tracks, so that it is asked for all tracks of an output at once. */
export function givesKeysByClass({ spekeUrl, widevineKeyServer }: KeyServerFlags): boolean {
  return spekeUrl !== undefined || widevineKeyServer !== undefined;
}

/** Adds the options of servers that give keys for a content id, to the group of options before them. */
export function addKeyServerOptions(command: Command): void {
  addGroup(command, 'keyServer');
}

/** Adds the options of TLS connections to the servers of keys, to the group of options before them. */
export function addTlsOptions(command: Command): void {
  addGroup(command, 'tls');
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
  const [, name] = AUTHORIZATIONS.find(([server]) => isUrl(flags[server])) ?? [];
  if (name === undefined) return undefined;
  const file = flags[name];
  if (file !== undefined) return library.readSecretHeader(file.slice(1));
  return library.environmentSecretHeader(flaggedOption(name).secretVariable!, process.env);
}

/** A CPIX document may be a file of this machine, too. */
export function isUrl(location: string | undefined): location is string {
  return location !== undefined && isWebAddress(location);
}
