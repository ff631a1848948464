import type { TokenRecord } from '../../server/access/token.js';
import type { Style } from './style.js';
import { type Column, formatPairs, formatTable } from './table.js';
import { joinLines } from './text.js';
import { count, printable } from './units.js';

/** What is said of a key server when it begins to listen. */
export interface ServerStart {
  readonly url: string;
  readonly keyStore: string;
  /** Tokens that are good. */
  readonly tokens: number;
  /** Client certificates that are known. */
  readonly clients: number;
  readonly hasUpstream: boolean;
  readonly hasClearKey: boolean;
}

/** Where the server listens and what it serves there. */
export function formatServerStart(start: ServerStart, style: Style): string {
  const { url, keyStore, tokens, clients, hasUpstream, hasClearKey } = start;
  const pairs: (readonly [string, string])[] = [
    ['key store', printable(keyStore)],
    ['let in', `${count(tokens, 'token')}, ${count(clients, 'client certificate')}`],
    ['REST', '/v1, described in /openapi.json'],
    ['packagers', '/playready/rightsmanager.asmx, /widevine/getcontentkey, /speke/v{1,2}.0/copyProtection'],
    [
      'upstream',
      hasUpstream ? 'other RightsManager operations are forwarded' : 'none (--rightsmanager-upstream)',
    ],
    [
      'players',
      hasClearKey ? '/clearkey: keys for everybody who asks' : 'no Clear Key licenses (--clear-key)',
    ],
    ['health', '/health/live, /health/ready, /metrics'],
  ];
  return joinLines([
    `${style.green(style.bold('Listening'))} on ${style.bold(url)}`,
    ...formatPairs(pairs, '  ', style),
    ...(tokens + clients > 0 ? [] : ['', nobodyGetsIn(style)]),
  ]);
}

function nobodyGetsIn(style: Style): string {
  return `${style.yellow(style.bold('warning:'))} There is no token, so that nobody gets in. Make one with \`prpack serve token create --name packager --scope register\`.`;
}

const TOKEN_COLUMNS: readonly Column[] = [
  { heading: 'ID' },
  { heading: 'NAME' },
  { heading: 'SCOPES' },
  { heading: 'CONTENTS' },
  { heading: 'CREATED' },
  { heading: 'EXPIRES' },
  { heading: 'REVOKED' },
];

/** A row a token. */
export function formatTokenTable(tokens: readonly TokenRecord[], style: Style): string {
  const rows = tokens.map(({ id, name, scopes, contentPrefix, createdAt, expiresAt, revokedAt }) => [
    id,
    printable(name),
    scopes.join(', '),
    contentPrefix === undefined ? 'all' : `${printable(contentPrefix)}…`,
    createdAt,
    expiresAt ?? '',
    revokedAt ?? '',
  ]);
  return joinLines(formatTable(TOKEN_COLUMNS, rows, style));
}
