import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseHttpLocation } from '../../src/bytes/http/location.js';
import { RemoteSource, type RemoteSourceOptions } from '../../src/bytes/remote/remote-source.js';
import type { RequestLimits } from '../../src/bytes/remote/request-limits.js';
import { readBytes } from '../../src/bytes/source.js';

const SIZE = 3_000_001;
const file = Buffer.alloc(SIZE);
for (let at = 0; at + 4 <= SIZE; at += 4) file.writeUInt32LE((at * 2654435761) >>> 0, at);

const QUICK: Partial<RequestLimits> = { retryDelayMs: 5, attempts: 5, stallTimeoutMs: 1000 };
const IMPATIENT = { ...QUICK, attempts: 2 };

let server: Worker;
let origin: string;

beforeAll(async () => {
  if (inject('buildProblem')) throw new Error(`dist/ could not be built:\n${inject('buildProblem')}`);
  server = new Worker(new URL('./range-server.mjs', import.meta.url), { workerData: { bytes: file } });
  const [{ port }] = await once(server, 'message');
  origin = `http://127.0.0.1:${port}`;
});

afterAll(() => server.terminate());

interface LoggedRequest {
  readonly path: string;
  readonly range?: string;
  readonly authorization?: string;
  readonly host: string;
}

/** The requests since the last call. */
async function requests(): Promise<LoggedRequest[]> {
  server.postMessage('log');
  const [{ log }] = await once(server, 'message');
  return log;
}

async function open(url: string, options?: RemoteSourceOptions): Promise<RemoteSource> {
  return RemoteSource.open(parseHttpLocation(url), options);
}

async function withSource<R>(path: string, work: (source: RemoteSource) => R, limits = QUICK): Promise<R> {
  const source = await open(`${origin}/${path}`, { limits });
  try {
    return work(source);
  } finally {
    source.close();
  }
}

/** Reads the whole file in order, by pieces of an awkward size. */
function readAll(source: RemoteSource): Buffer {
  const target = Buffer.alloc(source.sizeBytes);
  for (let at = 0; at < target.length; at += 99_991) {
    source.readInto(target.subarray(at, Math.min(at + 99_991, target.length)), at);
  }
  return target;
}

describe('a file on a web server', () => {
  it.each(['plain', 'no-validator', 'unavailable', 'cut', 'short-parts', 'moved', 'moved-away'])(
    '%s: is read whole',
    async (path) => {
      const bytes = await withSource(path, readAll);
      expect(bytes.equals(file)).toBe(true);
    },
  );

  it('is read with few requests by who reads in order', async () => {
    await requests();
    await withSource('plain', readAll);
    const ranges = (await requests()).map(({ range }) => range);
    expect(ranges.length).toBeLessThanOrEqual(7); // one to open; runs of 1, 2, 4, 8 blocks and what is left
    expect(new Set(ranges).size).toBe(ranges.length);
  });

  it('is read at any place, forth and back', async () => {
    await withSource('plain', (source) => {
      for (const at of [2_999_990, 0, 1_500_000, 262_140, 2_000_000, 5, 262_143]) {
        const length = Math.min(1000, SIZE - at);
        expect(readBytes(source, at, length)).toEqual(new Uint8Array(file.subarray(at, at + length)));
      }
    });
  });

  it('is fetched again where the cache was too small', async () => {
    await withSource('plain', (source) => {
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < SIZE - 10; at += 262_144) {
          expect(readBytes(source, at, 10)).toEqual(new Uint8Array(file.subarray(at, at + 10)));
        }
      }
    });
  });

  it('ends where it ends', async () => {
    await withSource('plain', (source) => {
      expect(source.sizeBytes).toBe(SIZE);
      expect(() => readBytes(source, SIZE - 5, 6)).toThrowError(/ends in the middle/);
    });
  });

  it('may be empty', async () => {
    expect(await withSource('empty', (source) => source.sizeBytes)).toBe(0);
  });

  it('may want user and password, which go to no other host', async () => {
    const url = `${origin}/private`.replace('//', '//user:pass%20word@');
    const source = await open(url, { limits: QUICK });
    expect(readBytes(source, 0, 4)).toEqual(new Uint8Array(file.subarray(0, 4)));
    source.close();
    await requests();
    const moved = `${origin}/moved-away`.replace('//', '//user:pass%20word@');
    (await open(moved, { limits: QUICK })).close();
    const seen = await requests();
    expect(seen.find(({ path }) => path === 'moved-away')?.authorization).toMatch(/^Basic /);
    expect(seen.find(({ path }) => path === 'plain')).toMatchObject({
      host: expect.stringMatching(/^localhost/),
    });
    expect(seen.find(({ path }) => path === 'plain')?.authorization).toBeUndefined();
  });
});

describe('what cannot be read', () => {
  it.each([
    ['missing', 'INPUT_NOT_FOUND', /answered 404/],
    ['forbidden', 'INPUT_UNREADABLE', /answered 403/],
    ['private', 'INPUT_UNREADABLE', /answered 401/],
    ['always-503', 'INPUT_UNREADABLE', /answered 503 .* after 2 attempts/],
    ['no-ranges', 'INPUT_UNREADABLE', /does not send parts/],
    ['compressed', 'INPUT_UNREADABLE', /compressed/],
    ['silent', 'INPUT_UNREADABLE', /after 2 attempts: TIMEOUT/],
    ['loop', 'INPUT_UNREADABLE', /redirected more than 5 times/],
  ])('%s, at once', async (path, code, message) => {
    await expect(withSource(path, readAll, IMPATIENT)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      details: { remedy: expect.stringMatching(/\.$/) },
    });
  });

  it.each([
    ['new-etag', /was replaced while it was read: its ETag/],
    ['if-range', /was replaced while it was read: its ETag/],
    ['new-size', /was replaced while it was read: its size/],
    ['new-date', /was replaced while it was read: its modification time/],
    ['other-part', /another part than was asked for/],
    ['always-cut', /after 2 attempts: (CUT_BODY|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)/],
    ['stalls', /after 2 attempts: TIMEOUT/],
  ])('%s, while it is read', async (path, message) => {
    const failed = withSource(path, readAll, IMPATIENT);
    await expect(failed).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });

  it('a server that is not there', async () => {
    const failed = open('http://127.0.0.1:1/film.mp4', { limits: QUICK });
    await expect(failed).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('tells no query, user or password', async () => {
    const url = `${origin}/missing?signature=geheim`.replace('//', '//user:passwort@');
    const error = await open(url, { limits: QUICK }).catch((caught) => caught);
    expect(error.details.path).toBe(`${origin}/missing`);
    expect(JSON.stringify(error) + error.stack).not.toMatch(/geheim|passwort/);
  });

  it('what is no URL', async () => {
    const failed = open('http://[::1/film.mp4?signature=geheim');
    await expect(failed).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('the thread that fetches', () => {
  const threads = () => readdirSync('/proc/self/task').length;

  it('ends when the opening is stopped', async () => {
    const controller = new AbortController();
    const opening = open(`${origin}/silent`, { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(opening).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it.skipIf(process.platform !== 'linux')('is gone after close, after failure and after a stop', async () => {
    await withSource('plain', readAll);
    await expect.poll(threads).toBeGreaterThan(0);
    const before = threads();
    for (let i = 0; i < 3; i++) {
      await withSource('plain', (source) => readBytes(source, 0, 10));
      await withSource('missing', readAll).catch(() => {});
    }
    await expect.poll(threads, { timeout: 5000 }).toBeLessThanOrEqual(before);
  });
});
