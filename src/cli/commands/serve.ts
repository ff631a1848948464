import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { ClientGrant } from '../../server/access/client-scopes.js';
import type { TlsOptions } from '../../server/app.js';
import type { LogLevel } from '../../server/log.js';
import type { KeyServer, KeyServerOptions } from '../../server/start.js';
import type { FailedStart } from '../../server/workers/pool.js';
import { invalidValue } from '../../settings/check.js';
import { addCommands, type CommandEntry } from '../command.js';
import { interruptible } from '../interrupt.js';
import { storeLocation } from '../options/key-store.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addServerStoreOptions, type ServerStoreFlags, withTokens } from '../options/server-store.js';
import { addConfigOption } from '../options/settings.js';
import { LEVELS } from '../options/telemetry.js';
import { absoluteUrl, integer, nonEmpty, oneOf, type ParseValue, repeatable } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { formatServerStart, type ServerStart } from '../output/serve-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { abortOf } from '../wait.js';

const DEFAULT_PORT = 7470;
const DEFAULT_RATE = 2000;
const MOST_WORKERS = 64;

interface ServeFlags extends ServerStoreFlags, OutputFlags {
  readonly host: string;
  readonly port: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly client?: readonly string[];
  readonly insecureHttp?: true;
  readonly rateLimit: number;
  readonly workers: number;
  readonly laUrl?: string;
  readonly rightsmanagerUpstream?: string;
  readonly clearKey?: true;
  readonly clearKeyOrigin?: readonly string[];
  readonly auditReads: NonNullable<KeyServerOptions['auditReads']>;
  readonly logLevel: LogLevel;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'token',
    summary: 'make, list and revoke the tokens that let clients in',
    load: async () => (await import('./serve-token.js')).configureServeToken,
  },
];

const EXAMPLES = `
Examples:
  prpack serve token create --name packager --scope register --scope read-keys
  prpack serve
  prpack serve --host 0.0.0.0 --port 443 --tls-cert cert.pem --tls-key key.pem
  prpack serve --clear-key --clear-key-origin http://localhost:8080     # players in a browser, for tests
  prpack encrypt in.mp4 out.mp4 --key-store http://127.0.0.1:${DEFAULT_PORT}    # with PRPACK_KEY_STORE_TOKEN`;

/** `prpack serve` */
export function configureServe(command: Command): void {
  command.description(
    'Runs the key server: registers keys for packagers, and hands them out to license servers.',
  );
  addListenOptions(command);
  addServerStoreOptions(command);
  command.option(
    '--audit-reads <when>',
    'when the audit line of a key that leaves is written: always, before it leaves; or batched, half a second later with others, so that keys are read even when the disk is full, and a crash loses the lines of the last second',
    oneOf('--audit-reads', ['always', 'batched']),
    'batched',
  );
  addServiceOptions(command);
  addJsonOption(command);
  command.option(
    '--log-level <level>',
    'silent, error, warn, info, debug or trace: lines of JSON on stderr',
    oneOf('--log-level', LEVELS),
    'info',
  );
  addConfigOption(command);
  addCommands(command, COMMANDS);
  command.addHelpText('after', EXAMPLES);
  command.action(serveAction);
}

function addListenOptions(command: Command): void {
  command.optionsGroup('Listening:');
  command.option('--host <address>', 'address to listen on', nonEmpty('--host'), '127.0.0.1');
  command.option(
    '--port <port>',
    'port to listen on; 0 takes one that is free',
    integer('--port', 0, 65535, 'a port'),
    DEFAULT_PORT,
  );
  command.option('--tls-cert <file>', 'certificate of the server, PEM, with those of its issuers behind it');
  command.option(
    '--tls-key <file>',
    'private key of the certificate, PEM, for its owner alone (mode 0600); SIGHUP reads both again',
  );
  command.option('--tls-client-ca <file>', 'issuers of client certificates, PEM');
  command.option(
    '--client <subject=scopes>',
    "what a client certificate may do, such as 'O=Example, CN=packager=register,read-keys'; may be repeated",
    repeatable(nonEmpty('--client')),
  );
  command.option('--insecure-http', 'listen without TLS on an address that others can reach');
  command.option(
    '--rate-limit <requests>',
    'requests per second of one address; each process of --workers counts for itself',
    integer('--rate-limit', 1, 1_000_000, 'requests'),
    DEFAULT_RATE,
  );
  command.option(
    '--workers <processes>',
    'processes that serve the port together, on one key store; one that dies is replaced',
    integer('--workers', 1, MOST_WORKERS, 'processes'),
    1,
  );
}

function addServiceOptions(command: Command): void {
  command.optionsGroup('Services:');
  command.option(
    '--la-url <url>',
    'license acquisition URL for the headers that the server makes',
    absoluteUrl('--la-url'),
  );
  command.option(
    '--rightsmanager-upstream <url>',
    "PlayReady server with Microsoft's Server SDK, for licenses, domains and reports",
    absoluteUrl('--rightsmanager-upstream'),
  );
  command.option('--clear-key', 'hand out keys to browsers that ask by Clear Key; protects nothing');
  command.option(
    '--clear-key-origin <origin>',
    'origin whose pages may ask by Clear Key, or *; may be repeated',
    repeatable(origin),
  );
}

const origin: ParseValue<string> = (text) => {
  if (text === '*' || (URL.canParse(text) && new URL(text).origin === text)) return text;
  throw invalidValue('--clear-key-origin', text, {
    allowed: 'an origin such as https://player.example.com, or *',
  });
};

async function serveAction(flags: ServeFlags): Promise<void> {
  assertNoIdleFlags(flags);
  const options = await serverOptions(flags);
  await interruptible(async (signal) => {
    if (flags.workers > 1 && (await serveIfWorker(options, signal))) return;
    const server = await startServer(options, flags.workers);
    if ('exitCode' in server) {
      process.exitCode = server.exitCode; // the worker has said why
      return;
    }
    const stopReloading = reloadAtHangup(server, flags);
    try {
      const facts = await startFacts(server, options, flags);
      if (flags.json) await writeResult(formatJson(facts));
      else writeMessage(formatServerStart(facts, styleOf(process.stderr)));
      await abortOf(signal);
    } finally {
      stopReloading();
      await server.close();
    }
  });
}

/** With several processes, this command line runs in each of them, and in the one that looks after them. */
async function serveIfWorker(options: KeyServerOptions, signal: AbortSignal): Promise<boolean> {
  const { isWorker, serveAsWorker } = await import('../../server/workers/worker.js');
  if (!isWorker()) return false;
  const log = { ...options.log, fields: { pid: process.pid } };
  await serveAsWorker({ ...options, log }, () => abortOf(signal));
  return true;
}

async function startServer(options: KeyServerOptions, workers: number): Promise<KeyServer | FailedStart> {
  if (workers === 1) return (await import('../../server/start.js')).startKeyServer(options);
  const { startWorkers } = await import('../../server/workers/pool.js');
  return startWorkers(workers, options.log);
}

/** An option without effect is a mistake: the user believes that it has one. */
function assertNoIdleFlags(flags: ServeFlags): void {
  const idle = [
    [flags.tlsKey !== undefined && flags.tlsCert === undefined, '--tls-key', '--tls-cert'],
    [flags.tlsCert !== undefined && flags.tlsKey === undefined, '--tls-cert', '--tls-key'],
    [flags.tlsClientCa !== undefined && flags.tlsCert === undefined, '--tls-client-ca', '--tls-cert'],
    [flags.tlsClientCa !== undefined && !flags.client, '--tls-client-ca', '--client'],
    [flags.client && flags.tlsClientCa === undefined, '--client', '--tls-client-ca'],
    [flags.clearKeyOrigin && !flags.clearKey, '--clear-key-origin', '--clear-key'],
  ] as const;
  for (const [isIdle, given, missing] of idle) {
    if (!isIdle) continue;
    throw new PrpackError('INVALID_ARGUMENT', `${given} has no effect without ${missing}`, {
      remedy: `Give ${missing}, too, or leave ${given} out.`,
    });
  }
}

async function serverOptions(flags: ServeFlags): Promise<KeyServerOptions> {
  const { host, port, laUrl, rightsmanagerUpstream, clearKey, clearKeyOrigin } = flags;
  const { GatheredLines } = await import('../../server/log-stream.js');
  return {
    host,
    port,
    store: storeLocation(flags),
    ...(flags.tokenDir !== undefined && { tokenDirectory: flags.tokenDir }),
    clients: await clientScopes(flags.client ?? []),
    insecureHttp: flags.insecureHttp === true,
    auditReads: flags.auditReads,
    limits: { requestsPerSecond: flags.rateLimit },
    log: { level: flags.logLevel, stream: new GatheredLines(process.stderr) },
    ...(flags.tlsCert !== undefined && { tls: await readTls(flags) }),
    ...(laUrl !== undefined && { laUrl }),
    ...(rightsmanagerUpstream !== undefined && { rightsManagerUpstream: new URL(rightsmanagerUpstream) }),
    ...(clearKey && { clearKey: { origins: clearKeyOrigin ?? [] } }),
  };
}

async function readTls({ tlsCert, tlsKey, tlsClientCa }: ServeFlags): Promise<TlsOptions> {
  const { readServerTls } = await import('../../server/tls-files.js');
  return readServerTls({
    certificate: tlsCert!,
    privateKey: tlsKey!,
    ...(tlsClientCa !== undefined && { clientAuthorities: tlsClientCa }),
  });
}

/**
 * Reads the certificates again at SIGHUP, as those who renew them expect. Where the new ones cannot be used the server goes on with the
 * old ones, and says why. Returns what ends this.
 */
function reloadAtHangup(server: KeyServer, flags: ServeFlags): () => void {
  const reload = async () => {
    if (flags.tlsCert === undefined)
      return writeMessage('There are no certificates to read again: the server does not speak TLS.');
    try {
      server.reloadTls(await readTls(flags));
      writeMessage(`The certificates were read again: ${flags.tlsCert}.`);
    } catch (error) {
      if (!(error instanceof PrpackError)) throw error;
      writeMessage(
        `The certificates stay as they were: ${error.message}. ${error.details.remedy ?? ''}`.trim(),
      );
    }
  };
  const listener = () => void reload();
  process.on('SIGHUP', listener);
  return () => void process.off('SIGHUP', listener);
}

async function clientScopes(texts: readonly string[]): Promise<Map<string, ClientGrant['scopes']>> {
  const { parseClientGrant } = await import('../../server/access/client-scopes.js');
  const grants = texts.map((text) => {
    const grant = parseClientGrant(text);
    if (grant) return [grant.subject, grant.scopes] as const;
    throw invalidValue('--client', text, {
      allowed: "'<subject>=<scopes>', such as 'O=Example, CN=packager=register'",
    });
  });
  return new Map(grants);
}

async function startFacts(
  server: KeyServer,
  options: KeyServerOptions,
  flags: ServeFlags,
): Promise<ServerStart> {
  const { endOf } = await import('../../server/access/token.js');
  const tokens = await withTokens(flags, (all) => all.list());
  return {
    url: server.url,
    keyStore: server.keyStore,
    tokens: tokens.filter((token) => endOf(token) === undefined).length,
    clients: options.clients?.size ?? 0,
    hasUpstream: options.rightsManagerUpstream !== undefined,
    hasClearKey: flags.clearKey === true,
  };
}
