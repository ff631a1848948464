import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ServerOptions as HttpsOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type ClearKeyOptions, clearKeyRoutes } from './clear-key/routes.js';
import type { ServerContext } from './context.js';
import { addJsonParser } from './json-body.js';
import type { Limits } from './limits.js';
import { type LogTarget, logResponse, requestLogger, SERIALIZERS } from './log.js';
import { addOpenApi } from './openapi.js';
import { PROBLEM_TYPE, Problem, problemHeaders, problemOf } from './problem.js';
import { type Admission, addRateLimit } from './rate-limit.js';
import { healthRoutes } from './rest/health.js';
import { lifeRoutes } from './rest/life.js';
import { recordRoutes } from './rest/records.js';
import { registerRoutes } from './rest/register.js';
import { releaseRoutes } from './rest/releases.js';
import { rightsManagerRoutes } from './rightsmanager/routes.js';
import { SECURITY_HEADERS } from './security-headers.js';
import { compileSerializer } from './serializer.js';
import { spekeRoutes } from './speke/routes.js';
import { widevineRoutes } from './widevine/routes.js';

/** Certificate and key of a server that speaks TLS, in PEM. */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
  /** Certificates of those who issue client certificates; without it none are asked for. */
  readonly clientCa?: string;
}

export interface AppOptions {
  readonly context: ServerContext;
  readonly limits: Limits;
  readonly rateLimit: Admission;
  readonly tls?: TlsOptions;
  /** RightsManager of a PlayReady server that has Microsoft's Server SDK. */
  readonly rightsManagerUpstream?: URL;
  /** Licenses of W3C Clear Key; none without. */
  readonly clearKey?: ClearKeyOptions;
  readonly log: LogTarget;
}

/** The whole server, not listening yet. */
export async function createApp({
  context,
  limits,
  rateLimit,
  tls,
  rightsManagerUpstream: upstream,
  clearKey,
  log,
}: AppOptions): Promise<FastifyInstance> {
  const app = newInstance(limits, tls, log);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(compileSerializer);
  app.removeAllContentTypeParsers();
  addJsonParser(app);
  addHooks(app, context, log);
  addRateLimit(app, rateLimit);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(() => {
    throw new Problem(404, 'NOT_FOUND', 'there is nothing here', 'See /openapi.json for what there is.');
  });
  await addOpenApi(app);
  await app.register(async (scope) => addRoutes(scope, context));
  await app.register(async (scope) => rightsManagerRoutes(withoutCaches(scope), context, upstream));
  await app.register(async (scope) => spekeRoutes(withoutCaches(scope), context));
  if (clearKey) await app.register(async (scope) => addClearKey(scope, context, clearKey));
  return app;
}

function addRoutes(scope: FastifyInstance, context: ServerContext): void {
  const app = withoutCaches(scope);
  registerRoutes(app, context);
  recordRoutes(app, context);
  releaseRoutes(app, context);
  lifeRoutes(app, context);
  healthRoutes(app, context);
  widevineRoutes(app, context);
}

function addClearKey(scope: FastifyInstance, context: ServerContext, options: ClearKeyOptions): void {
  clearKeyRoutes(withoutCaches(scope), context, options);
}

/** Nothing that is said of keys may stay on the way. */
function withoutCaches(scope: FastifyInstance) {
  scope.addHook('onSend', (_request, reply, _payload, done) => {
    reply.header('cache-control', 'no-store');
    done();
  });
  return scope.withTypeProvider<ZodTypeProvider>();
}

function newInstance(limits: Limits, tls: TlsOptions | undefined, log: AppOptions['log']): FastifyInstance {
  const bounds = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs) / 2,
  };
  const options = {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.idleTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    routerOptions: { maxParamLength: 200 },
    forceCloseConnections: 'idle' as const,
    genReqId: requestId,
    childLoggerFactory: requestLogger,
    logController: new LogController({ disableRequestLogging: true }),
    logger: {
      level: log.level,
      stream: log.stream,
      base: log.fields ?? null,
      serializers: SERIALIZERS as never,
    },
    clientErrorHandler: answerClientError,
  };
  const app = tls
    ? (fastify({
        ...options,
        https: { ...bounds, ...tlsOptions(tls, limits) },
      }) as unknown as FastifyInstance)
    : fastify({ ...options, http: bounds });
  app.server.maxConnections = limits.connections;
  return app;
}

/** A certificate is one way to show who one is: without it the connection stands, and a token is asked for. */
function tlsOptions(tls: TlsOptions, limits: Limits): HttpsOptions {
  return {
    ...secureContext(tls),
    handshakeTimeout: limits.headersTimeoutMs,
    ...(tls.clientCa !== undefined && { requestCert: true, rejectUnauthorized: false }),
  };
}

/** What can be exchanged while a server runs: connections that stand keep what they began with. */
export function secureContext({ cert, key, clientCa }: TlsOptions): SecureContextOptions {
  return { cert, key, minVersion: 'TLSv1.2', ...(clientCa !== undefined && { ca: clientCa }) };
}

function addHooks(app: FastifyInstance, { access, metrics }: ServerContext, log: LogTarget): void {
  metrics.watch(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    done();
  });
  // After the rate limit, which is an `onRequest` hook, and before the body is read.
  app.addHook('preParsing', async (request, reply) => {
    const { demand } = request.routeOptions.config;
    if (demand) await access.admit(request, reply, demand);
  });
  app.addHook('onResponse', (request, reply, done) => {
    logResponse(log, request, reply);
    done();
  });
}

/** An id, or those of up to 64 jobs whose keys one request registers. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}(?:,[A-Za-z0-9._-]{1,64}){0,63}$/;

/** The id that the caller gave, so that it can be followed through several logs, or a new one. */
function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

function answerError(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  const body = problemOf(error, request.id);
  if (body.status >= 500) request.log.error({ err: error }, 'failed');
  else request.log.debug({ status: body.status, code: body.code }, 'refused');
  reply
    .code(body.status)
    .headers(problemHeaders(body))
    .type(PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send({ ...body, requestId: request.id });
}

/** Bytes that are no HTTP request, or one that never ended. */
function answerClientError(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  this.log.debug({ code: error.code }, 'no request');
  const status = CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request';
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.destroySoon();
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};
