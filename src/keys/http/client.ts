import { setTimeout as delay } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { AbortSignal } from '../../bytes/platform.js';
import { PrpackError } from '../../errors.js';
import { checkOptions } from '../../settings/check.js';
import { networkFailure } from './failure.js';
import { describeUrl, parseServerUrl } from './location.js';
import { backoffMs, LONGEST_RETRY_AFTER_MS, mayRetryError, mayRetryStatus, retryAfterMs } from './retry.js';
import type { SecretHeader } from './secret-header.js';
import { withTimeLimit } from './time-limit.js';
import { readTlsFiles, type TlsFiles } from './tls.js';

export interface HttpClientOptions {
  /** Longest time of one attempt, to the last byte of its answer. Default 30 seconds. */
  readonly timeoutMs?: number;
  /** Longest time to establish a connection. Default 10 seconds. */
  readonly connectTimeoutMs?: number;
  /** Attempts after the first, of requests that may be repeated. Default 3. */
  readonly retries?: number;
  /** Pause before the second attempt; it doubles with each. Default 500 ms. */
  readonly retryDelayMs?: number;
  /** Larger answers are refused. Default 16 MiB. */
  readonly maxResponseBytes?: number;
  /** Sent with every request. */
  readonly authorization?: SecretHeader;
  readonly tls?: TlsFiles;
  /** Ends all requests; they then throw ABORTED. */
  readonly signal?: AbortSignal;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Whether sending it twice is the same as sending it once. Default: all but POST are. */
  readonly isIdempotent?: boolean;
  /** Whether an answer of success says in its body that the server could not do it this time, so that it is asked again. */
  readonly isTransient?: (response: HttpResponse) => boolean;
}

/** An answer of any status. */
export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; of repeated headers the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Where it came from, as messages may show it. */
  readonly url: string;
  readonly attempts: number;
}

const DEFAULTS = {
  timeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  retries: 3,
  retryDelayMs: 500,
  maxResponseBytes: 16 * 1024 * 1024,
};

/** What is there once the first request is made. */
interface Connections {
  readonly request: typeof import('undici')['request'];
  readonly dispatcher: Dispatcher;
}

/**
 * Talks to key servers: with time limits, verified TLS and repetition of what may be repeated (see retry.ts). Proxies are taken from
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Redirections are not followed. Nothing it throws has a query, a header or a body in it.
 */
export class HttpClient {
  readonly #options: typeof DEFAULTS & HttpClientOptions;
  #connections: Promise<Connections> | undefined;

  constructor(options: HttpClientOptions = {}) {
    checkOptions('HttpClient', options);
    this.#options = { ...DEFAULTS, ...options };
  }

  /**
   * The answer, of whatever status.
   * @throws PrpackError KEY_SOURCE_FAILED when there is none, INVALID_ARGUMENT, ABORTED
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    const url = parseServerUrl(request.url);
    const { retries, retryDelayMs } = this.#options;
    const isIdempotent = request.isIdempotent ?? request.method !== 'POST';
    this.#connections ??= connect(this.#options);
    const connections = await this.#connections;
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt > retries;
      let pauseMs = backoffMs(attempt, retryDelayMs);
      try {
        const response = await this.#attempt(connections, url, request, attempt);
        const mayRetry = mayRetryStatus(response.status, isIdempotent) || request.isTransient?.(response);
        if (isLast || !mayRetry) return response;
        const wantedMs = retryAfterMs(response.headers['retry-after'], Date.now());
        if (wantedMs !== undefined && wantedMs > LONGEST_RETRY_AFTER_MS) return response;
        pauseMs = Math.max(pauseMs, wantedMs ?? 0);
      } catch (error) {
        if (error instanceof PrpackError) throw error;
        if (this.#options.signal?.aborted) throw aborted(url);
        if (isLast || !mayRetryError(error, isIdempotent)) throw networkFailure(url, error, attempt);
      }
      await this.#pause(pauseMs, url);
    }
  }

  /** Closes connections that are idle, and those in use once they are done. */
  async close(): Promise<void> {
    const connections = await this.#connections?.catch(() => undefined);
    this.#connections = undefined;
    await connections?.dispatcher.close();
  }

  async #attempt(
    { request, dispatcher }: Connections,
    url: URL,
    { method, headers, body }: HttpRequest,
    attempt: number,
  ): Promise<HttpResponse> {
    const { timeoutMs, authorization, maxResponseBytes, signal } = this.#options;
    return withTimeLimit(timeoutMs, signal, async (limit) => {
      const answer = await request(url, {
        dispatcher,
        method,
        headers: { ...headers, ...(authorization && { [authorization.name]: authorization.reveal() }) },
        body: body ?? null,
        signal: limit,
        headersTimeout: 0, // the signal limits the whole
        bodyTimeout: 0,
      });
      return {
        status: answer.statusCode,
        headers: firstValues(answer.headers),
        body: await readBody(answer, maxResponseBytes, url),
        url: describeUrl(url),
        attempts: attempt,
      };
    });
  }

  async #pause(ms: number, url: URL): Promise<void> {
    const { signal } = this.#options;
    try {
      await delay(ms, undefined, signal && { signal });
    } catch {
      throw aborted(url);
    }
  }
}

async function connect({
  tls = {},
  connectTimeoutMs,
}: typeof DEFAULTS & HttpClientOptions): Promise<Connections> {
  const settings = await readTlsFiles(tls);
  const [{ request }, { proxyAgent }] = await Promise.all([
    import('undici'),
    import('../../bytes/http/proxy-agent.js'),
  ]);
  return { request, dispatcher: proxyAgent({ timeoutMs: connectTimeoutMs, tls: settings }) };
}

function firstValues(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      const first = typeof value === 'string' ? value : value?.[0];
      return first === undefined ? [] : [[name.toLowerCase(), first]];
    }),
  );
}

async function readBody(
  { body, headers }: Dispatcher.ResponseData,
  maxBytes: number,
  url: URL,
): Promise<Uint8Array> {
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    body.on('error', () => {}).destroy();
    throw unreadable(
      url,
      'sent a compressed answer, which was not asked for',
      'Turn compression off at the server.',
    );
  }
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) {
      throw unreadable(
        url,
        `sent more than ${maxBytes} bytes`,
        'Check that the URL is that of a key server.',
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unreadable(url: URL, said: string, remedy: string): PrpackError {
  return new PrpackError('KEY_SOURCE_FAILED', `${describeUrl(url)} ${said}`, { remedy });
}

function aborted(url: URL): PrpackError {
  return new PrpackError('ABORTED', `the request to ${describeUrl(url)} was interrupted`, {
    remedy: 'Run the command again; nothing was written.',
  });
}
