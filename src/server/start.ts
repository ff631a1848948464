import type { Server as HttpsServer } from 'node:https';
import { isIP } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { MetricObject } from 'prom-client';
import { PrpackError } from '../errors.js';
import type { StoreLocation } from '../keystore/open-shared.js';
import type { AuditBacklog } from '../keystore/read-audit.js';
import type { ReadAuditMode } from '../keystore/thread/messages.js';
import { Access, type ClientScopes } from './access/authenticate.js';
import { openTokens } from './access/open-tokens.js';
import { TokenCache } from './access/token-cache.js';
import { createApp, secureContext, type TlsOptions } from './app.js';
import type { ClearKeyOptions } from './clear-key/routes.js';
import { ContentKeys } from './content-keys.js';
import { DEFAULT_LIMITS, type Limits } from './limits.js';
import { type LogTarget, logAuditBacklog } from './log.js';
import { Metrics } from './metrics.js';
import { PostgresCounts } from './postgres-counts.js';
import { RateLimit } from './rate-limit.js';
import { SharedRateLimit } from './shared-rate-limit.js';
import { storeConnections } from './store-connections.js';
import { openStores, SELF } from './stores.js';

/** How long a request waits for tokens in a database that went away. */
const TOKEN_PATIENCE_MS = 2000;
/** Requests are not held up to be counted. */
const COUNT_PATIENCE_MS = 0;

export interface KeyServerOptions {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly store: StoreLocation;
  /** Directory of the tokens. Default: with the key store, as `openTokens` says. */
  readonly tokenDirectory?: string;
  readonly tls?: TlsOptions;
  /** What client certificates may do. */
  readonly clients?: ClientScopes;
  /** Listen without TLS on an address that others can reach. */
  readonly insecureHttp?: boolean;
  /** RightsManager of a PlayReady server that has Microsoft's Server SDK: what only it can do is forwarded there. */
  readonly rightsManagerUpstream?: URL;
  /** License acquisition URL of headers that the server makes. */
  readonly laUrl?: string;
  /** Licenses of W3C Clear Key; none without. */
  readonly clearKey?: ClearKeyOptions;
  readonly limits?: Partial<Limits>;
  /** When the audit lines of keys that leave a store of its own are written. Default: `batched`. */
  readonly auditReads?: ReadAuditMode;
  readonly log: LogTarget;
  /** Metrics in the text format of Prometheus, of all processes that serve the port together. Default: those of this one. */
  readonly metricsOfAll?: () => Promise<string>;
  /** Milliseconds that never go back, by which tokens are read again. Default: those of the process. */
  readonly now?: () => number;
}

export interface KeyServer {
  /** Where it listens, such as `http://127.0.0.1:8443`. */
  readonly url: string;
  /** Where its keys are. */
  readonly keyStore: string;
  /** Takes other certificates, of the same kinds as at the start, for connections from now on. For servers that speak TLS. */
  reloadTls(tls: TlsOptions): void;
  /** Ends what is in flight, for a while, and lets go of everything. */
  close(): Promise<void>;
}

/** A key server in this process. */
export interface ProcessServer extends KeyServer {
  /** Metrics of this process. */
  metrics(): Promise<MetricObject[]>;
}

/**
 * Starts a key server.
 * @throws PrpackError INVALID_ARGUMENT when others could listen in, or when it cannot listen
 */
export async function startKeyServer(options: KeyServerOptions): Promise<ProcessServer> {
  assertNoListeners(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { laUrl, clients = new Map(), tls, rightsManagerUpstream, clearKey, log } = options;
  const metrics = new Metrics();
  const onAuditBacklog = (backlog: AuditBacklog) => {
    metrics.noteAuditBacklog(backlog);
    logAuditBacklog(app, backlog);
  };
  const stores = openStores(options.store, { auditReads: options.auditReads ?? 'batched', onAuditBacklog });
  const tokens = openTokens(options.store, options.tokenDirectory, TOKEN_PATIENCE_MS);
  const counts = openCounts(options.store);
  const access = new Access({ tokens: new TokenCache(tokens, options.now), clients });
  const context = {
    stores,
    access,
    metrics,
    metricsText: options.metricsOfAll ?? (() => metrics.registry.metrics()),
    contentKeys: new ContentKeys(),
    ...(laUrl !== undefined && { laUrl }),
  };
  const app = await createApp({
    context,
    limits,
    rateLimit: counts
      ? new SharedRateLimit(counts, limits.requestsPerSecond)
      : new RateLimit(limits.requestsPerSecond),
    log,
    ...(tls && { tls }),
    ...(rightsManagerUpstream && { rightsManagerUpstream }),
    ...(clearKey && { clearKey }),
  });
  const self = stores.of(SELF);
  try {
    await self.list({}, { limit: 1 }); // a store that cannot be read is better seen now
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    await Promise.all([stores.close(), tokens.close(), counts?.close()]);
    throw error instanceof PrpackError ? error : cannotListen(options, error as NodeJS.ErrnoException);
  }
  return {
    url: urlOf(app, tls !== undefined),
    keyStore: self.location,
    metrics: () => metrics.registry.getMetricsAsJSON(),
    reloadTls(next) {
      (app.server as unknown as HttpsServer).setSecureContext(secureContext(next));
    },
    async close() {
      await drain(app, limits.drainMs);
      await Promise.all([stores.close(), tokens.close(), counts?.close()]);
    },
  };
}

function openCounts(store: StoreLocation): PostgresCounts | undefined {
  const connections = storeConnections(store, COUNT_PATIENCE_MS);
  return connections && new PostgresCounts(connections);
}

/** How often connections are looked over whose last request has been answered. */
const SWEEP_MS = 50;

/** Requests in flight get their answers; those that take too long are cut off. */
async function drain(app: FastifyInstance, drainMs: number): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const cut = setTimeout(() => app.server.closeAllConnections(), drainMs);
  try {
    await app.close();
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}

/** Tokens and keys in the clear are for the machine's own ears. */
function assertNoListeners({ host, tls, insecureHttp }: KeyServerOptions): void {
  if (tls || insecureHttp || isLoopback(host)) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `keys would be sent unencrypted to everyone who reaches ${host}`,
    {
      expected: 'TLS, or a loopback address such as 127.0.0.1',
      received: host,
      remedy:
        'Give --tls-cert and --tls-key; or --insecure-http, when something in front of the server speaks TLS for it.',
    },
  );
}

export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === 'localhost' || host === '::1';
}

function urlOf({ server }: FastifyInstance, isTls: boolean): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server has no port');
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return `${isTls ? 'https' : 'http'}://${host}:${address.port}`;
}

function cannotListen({ host, port }: KeyServerOptions, cause: NodeJS.ErrnoException): PrpackError {
  return new PrpackError(
    'INVALID_ARGUMENT',
    `the key server cannot listen on ${host}, port ${port} (${cause.code ?? cause.message})`,
    {
      remedy:
        cause.code === 'EADDRINUSE'
          ? 'Another program listens there: stop it, or take another port with --port.'
          : 'Give an address of this machine with --host, and a port that this user may use with --port.',
    },
    cause,
  );
}
