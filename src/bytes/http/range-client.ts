import { setTimeout as delay } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { PrpackError } from '../../errors.js';
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

/** How long is waited, and how often tried. */
export interface HttpLimits {
  /** To establish a connection. */
  readonly connectTimeoutMs: number;
  /** Without a byte of the answer. */
  readonly stallTimeoutMs: number;
  /** Of one request, to the last byte of its answer. */
  readonly requestTimeoutMs: number;
  /** Requests in a row that bring hardly any bytes. */
  readonly attempts: number;
  /** Before the second attempt; it doubles with each. */
  readonly retryDelayMs: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  connectTimeoutMs: 10_000,
  stallTimeoutMs: 15_000,
  requestTimeoutMs: 300_000,
  attempts: 4,
  retryDelayMs: 500,
};

/** With so many bytes, an attempt counts as no failure: the connection is bad, but works. */
const PROGRESS_BYTES = 64 * 1024;
const LONGEST_DELAY_MS = 10_000;
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
export class RangeClient {
  readonly #location: HttpLocation;
  readonly #limits: HttpLimits;
  readonly #dispatcher: Dispatcher;
  #sizeBytes = 0;
  #version: Version | undefined;

  constructor(location: HttpLocation, limits: HttpLimits) {
    this.#location = location;
    this.#limits = limits;
    this.#dispatcher = proxyAgent({ timeoutMs: limits.connectTimeoutMs });
  }

  /**
   * Size of the file in bytes. To be called first.
   * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
   */
  async open(): Promise<number> {
    await this.#repeat(async () => {
      const answer = await this.#get('bytes=0-0');
      this.#version = versionOf(answer);
      this.#sizeBytes = this.#sizeFrom(answer);
      await answer.body.dump(); // a byte at most: the connection can be used again
    });
    return this.#sizeBytes;
  }

  /**
   * Reads the range `[startBytes, endBytes)` in order.
   * @param onBytes gets each piece of it once
   * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE
   */
  async read(startBytes: number, endBytes: number, onBytes: (bytes: Uint8Array) => void): Promise<void> {
    let at = startBytes;
    while (at < endBytes) {
      await this.#repeat(async (progress) => {
        const before = at;
        try {
          await this.#readOnce(at, endBytes, (bytes) => {
            onBytes(bytes);
            at += bytes.length;
          });
        } finally {
          progress(at - before);
        }
      });
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** Until it succeeds, or fails for good. `attempt` reports how many bytes it got, whatever its end. */
  async #repeat(attempt: (progress: (bytes: number) => void) => Promise<unknown>): Promise<void> {
    const { attempts, retryDelayMs } = this.#limits;
    for (let failures = 1; ; failures++) {
      try {
        await attempt((bytes) => {
          if (bytes >= PROGRESS_BYTES) failures = 1;
        });
        return;
      } catch (error) {
        if (error instanceof PrpackError) throw error;
        if (!isTransient(error) || failures >= attempts) {
          throw networkFailure(this.#location.shown, error, failures);
        }
        const wantedMs = error instanceof TransientStatus ? (error.waitMs ?? 0) : 0;
        const pauseMs = retryDelayMs * 2 ** (failures - 1) * (0.5 + Math.random() / 2);
        await delay(Math.min(Math.max(pauseMs, wantedMs), LONGEST_DELAY_MS));
      }
    }
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
