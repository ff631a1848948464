import { type Dispatcher, request } from 'undici';
import { PrpackError } from '../../errors.js';
import type { FetchAhead } from '../remote/block-loader.js';
import type { RangeReader } from '../remote/range-reader.js';
import { type FailureRules, readRange, repeat } from '../remote/repeat.js';
import type { RequestLimits } from '../remote/request-limits.js';
import {
  CutBody,
  changed,
  isTransient,
  isTransientStatus,
  networkFailure,
  noRanges,
  statusFailure,
  TransientStatus,
} from './failure.js';
import type { HttpLocation } from './location.js';
import { proxyAgent } from './proxy-agent.js';

/** RFC 9110 15.4: those that repeat a GET elsewhere. */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 5;

/** What distinguishes one state of a file from another. */
interface Version {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

type Answer = Dispatcher.ResponseData;

/** Reads byte ranges of one file, as often as it takes, and sees to it that they are of the same state of it. */
export class RangeClient implements RangeReader {
  readonly ahead: FetchAhead = { runBlocks: 16, requests: 1 };
  readonly #location: HttpLocation;
  readonly #limits: RequestLimits;
  readonly #rules: FailureRules;
  readonly #dispatcher: Dispatcher;
  #sizeBytes = 0;
  #version: Version | undefined;

  constructor(location: HttpLocation, limits: RequestLimits) {
    this.#location = location;
    this.#limits = limits;
    this.#rules = {
      waitMsAfter,
      failureOf: (error, attempts) => networkFailure(location.shown, error, attempts),
    };
    this.#dispatcher = proxyAgent({ timeoutMs: limits.connectTimeoutMs });
  }

  /**
   * Size of the file in bytes. To be called first.
   * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
   */
  async open(): Promise<number> {
    const attempt = async () => {
      const answer = await this.#get('bytes=0-0');
      this.#version = versionOf(answer);
      this.#sizeBytes = this.#sizeFrom(answer);
      await answer.body.dump(); // a byte at most: the connection can be used again
    };
    await repeat(attempt, this.#limits, this.#rules);
    return this.#sizeBytes;
  }

  /**
   * Reads the range `[startBytes, endBytes)` in order.
   * @param onBytes gets each piece of it once
   * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
   */
  read(startBytes: number, endBytes: number, onBytes: (bytes: Uint8Array) => void): Promise<void> {
    const readOnce = this.#readOnce.bind(this);
    return readRange([startBytes, endBytes], onBytes, readOnce, this.#limits, this.#rules);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #readOnce(startBytes: number, endBytes: number, onBytes: (bytes: Uint8Array) => void): Promise<void> {
    const answer = await this.#get(`bytes=${startBytes}-${endBytes - 1}`);
    const sentEnd = this.#assertPart(answer, startBytes, endBytes);
    let left = sentEnd - startBytes;
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
      left -= chunk.length;
      if (left < 0) throw noRanges(this.#location.shown, 'it sent more bytes than it said');
      onBytes(chunk);
    }
    if (left > 0) throw new CutBody();
  }

  /** Where the part ends that the answer holds: servers may send less than was asked for (RFC 9110 15.3.7). */
  #assertPart(answer: Answer, startBytes: number, endBytes: number): number {
    const { shown } = this.#location;
    try {
      this.#assertSameVersion(answer);
      if (answer.statusCode !== 206) throw noRanges(shown, `it answered ${answer.statusCode}`);
      const { first, end, size } = this.#contentRange(answer);
      if (size !== this.#sizeBytes) throw changed(shown, 'its size is another one');
      if (first === startBytes && end > first && end <= endBytes) return end;
      throw noRanges(shown, 'it sent another part than was asked for');
    } catch (error) {
      drop(answer);
      throw error;
    }
  }

  #assertSameVersion(answer: Answer): void {
    const now = versionOf(answer);
    const before = this.#version!;
    const { shown } = this.#location;
    if (answer.statusCode === 412 || now.etag !== before.etag)
      throw changed(shown, 'its ETag is another one');
    if (now.lastModified !== before.lastModified)
      throw changed(shown, 'its modification time is another one');
  }

  #sizeFrom(answer: Answer): number {
    const { shown } = this.#location;
    try {
      if (answer.statusCode === 416 && /^bytes \*\/0$/.test(headerOf(answer, 'content-range') ?? ''))
        return 0;
      if (answer.statusCode === 200 && headerOf(answer, 'content-length') === '0') return 0;
      if (answer.statusCode !== 206) throw noRanges(shown, `it answered ${answer.statusCode}`);
      return this.#contentRange(answer).size;
    } catch (error) {
      drop(answer);
      throw error;
    }
  }

  /** `bytes 0-99/1234` (RFC 9110 14.4), as a range without its end. */
  #contentRange(answer: Answer): { first: number; end: number; size: number } {
    const { shown } = this.#location;
    const encoding = headerOf(answer, 'content-encoding') ?? 'identity';
    if (encoding !== 'identity') throw noRanges(shown, 'it sends them compressed');
    const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(headerOf(answer, 'content-range') ?? '');
    if (!match) throw noRanges(shown, 'its Content-Range cannot be read');
    return { first: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) };
  }

  /** An answer of status 2xx, 412 or 416, with redirections followed. */
  async #get(range: string): Promise<Answer> {
    const { stallTimeoutMs, requestTimeoutMs } = this.#limits;
    const { shown, authorization } = this.#location;
    let url = new URL(this.#location.url);
    const { origin } = url;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const answer = await request(url, {
        dispatcher: this.#dispatcher,
        headers: {
          range,
          'accept-encoding': 'identity',
          ...this.#ifRange(),
          ...(authorization && url.origin === origin && { authorization }),
        },
        headersTimeout: stallTimeoutMs,
        bodyTimeout: stallTimeoutMs,
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      const { statusCode } = answer;
      if (statusCode < 300 || statusCode === 412 || statusCode === 416) return answer;
      drop(answer);
      if (isTransientStatus(statusCode)) throw new TransientStatus(statusCode, retryAfterMs(answer));
      if (!REDIRECTS.has(statusCode)) throw statusFailure(shown, statusCode, 1);
      url = this.#redirected(url, headerOf(answer, 'location'));
    }
    throw redirectFailure(shown, `is redirected more than ${MAX_REDIRECTS} times`);
  }

  /** Only a strong validator may stand in `If-Range` (RFC 9110 13.1.5); others are compared here. */
  #ifRange(): Record<string, string> {
    const etag = this.#version?.etag;
    return etag?.startsWith('"') ? { 'if-range': etag } : {};
  }

  #redirected(from: URL, location: string | undefined): URL {
    const { shown } = this.#location;
    if (location === undefined || !URL.canParse(location, from.href)) {
      throw redirectFailure(shown, 'is redirected to nowhere');
    }
    const to = new URL(location, from);
    if (to.protocol === 'https:' || (to.protocol === 'http:' && from.protocol === 'http:')) return to;
    throw redirectFailure(shown, `is redirected from ${from.protocol} to ${to.protocol}`);
  }
}

function waitMsAfter(error: unknown): number | undefined {
  if (!isTransient(error)) return undefined;
  return error instanceof TransientStatus ? (error.waitMs ?? 0) : 0;
}

function versionOf(answer: Answer): Version {
  return { etag: headerOf(answer, 'etag'), lastModified: headerOf(answer, 'last-modified') };
}

function headerOf({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** Milliseconds that a `Retry-After` of seconds asks for (RFC 9110 10.2.3). */
function retryAfterMs(answer: Answer): number | undefined {
  const seconds = headerOf(answer, 'retry-after');
  return seconds !== undefined && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

/** Lets go of an answer whose body is not wanted. */
function drop({ body }: Answer): void {
  body.on('error', () => {}).destroy();
}

function redirectFailure(shown: string, what: string): PrpackError {
  return new PrpackError('INPUT_UNREADABLE', `${shown} ${what}`, {
    path: shown,
    clause: 'RFC 9110 15.4',
    remedy: 'Give the URL that it leads to in the end, if you trust it.',
  });
}
