import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { request as send } from 'undici';
import { codeOf } from '../http/error-code.js';
import { isTransient } from '../http/failure.js';
import { proxyAgent } from '../http/proxy-agent.js';
import type { RequestLimits } from '../remote/request-limits.js';

type Handler = NonNullable<S3ClientConfig['requestHandler']>;

/** What the SDK has sent. */
interface SignedRequest {
  readonly method: string;
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  /** Escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Record<string, string>;
  readonly body?: Uint8Array | string;
}

/** A failure that the SDK tries again after: it knows them by this name. */
class TransientFailure extends Error {
  override readonly name = 'TimeoutError';
  readonly code: string;

  constructor(cause: unknown) {
    super('the connection failed', { cause });
    this.code = codeOf(cause);
  }
}

/** Sends requests of the SDK as prpack sends all others: through the proxies of the environment, and with limits of time. */
export function undiciHandler(limits: RequestLimits): Handler {
  const dispatcher = proxyAgent({ timeoutMs: limits.connectTimeoutMs });
  return {
    handle: async (request: SignedRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) => {
      const { statusCode, headers, body } = await send(urlOf(request), {
        dispatcher,
        method: request.method as 'GET',
        headers: withoutHost(request.headers),
        body: request.body ?? null,
        headersTimeout: limits.stallTimeoutMs,
        bodyTimeout: limits.stallTimeoutMs,
        signal: abortSignal ?? null,
      }).catch((error) => {
        throw abortSignal?.aborted || !isTransient(error) ? error : new TransientFailure(error);
      });
      body.on('error', () => {}); // who reads it hears of errors by reading; one that is cut short on purpose has no reader
      return { response: { statusCode, headers: headers as Record<string, string>, body } };
    },
    destroy: () => void dispatcher.destroy(),
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

function urlOf({ protocol, hostname, port, path, query }: SignedRequest): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) =>
      one == null ? escaped(name) : `${escaped(name)}=${escaped(one)}`,
    ),
  );
  const search = pairs.length > 0 ? `?${pairs.join('&')}` : '';
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${search}`;
}

/** As signatures of requests take it: RFC 3986 2.3. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The host is in the URL; undici refuses what only an agent may say. */
function withoutHost(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['host', 'expect'].includes(name.toLowerCase())),
  );
}
