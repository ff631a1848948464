import { randomFillSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { S3Sink } from '../../../src/bytes/s3/s3-sink.js';
import { writeFully } from '../../../src/bytes/write.js';
import { testS3 } from '../../support/s3.js';

const s3 = testS3();

const PART = 8 * 2 ** 20;
/** Two parts and 1,000 bytes. */
const FILE = randomFillSync(Buffer.alloc(2 * PART + 1000));

let number = 0;
let key: string;
beforeEach(() => {
  key = `film ${++number}.mp4`;
});

async function withSink(work: (sink: S3Sink) => Promise<void>, signal?: AbortSignal): Promise<void> {
  const sink = await S3Sink.open(`s3://out/${key}`, { replace: false, signal });
  try {
    sink.assertRoom(FILE.length);
    await work(sink);
  } finally {
    await sink.abort();
  }
}

function write({ staged }: S3Sink, startBytes: number, endBytes: number): void {
  writeFully(staged.handle, FILE.subarray(startBytes, endBytes), startBytes);
  staged.written(startBytes, endBytes - startBytes);
}

/** The requests that change anything, without what is different in each run. */
async function changes(): Promise<string[]> {
  const all = await s3.requests();
  return all
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map(({ method, url }) => `${method} ${/partNumber=\d+|uploads|uploadId/.exec(url)?.[0] ?? 'object'}`);
}

/** As requests are on their way, waits for the log to say what is expected of it. */
async function expectChanges(expected: readonly string[]): Promise<void> {
  const found: string[] = [];
  for (let i = 0; i < 100 && found.length < expected.length; i++) {
    found.push(...(await changes()));
    await delay(50);
  }
  expect([...found].sort()).toEqual([...expected].sort());
}

describe('an output of S3', () => {
  it('is sent by parts as they are written, and seen when it is committed', async () => {
    await withSink(async (sink) => {
      write(sink, PART + 5, 2 * PART + 1000);
      await expectChanges(['POST uploads', 'PUT partNumber=3']);
      write(sink, 0, 100);
      write(sink, 100, PART + 5);
      await expectChanges(['PUT partNumber=1', 'PUT partNumber=2']);
      expect(await s3.keys('out')).not.toContain(key);
      sink.flush();
      await sink.commit();
      await expectChanges(['POST uploadId']);
    });
    expect((await s3.get('out', key)).equals(FILE)).toBe(true);
    expect(await changes()).toEqual([]);
  });

  it('has what nobody reported sent when it is committed', async () => {
    await withSink(async (sink) => {
      write(sink, 0, PART);
      writeFully(sink.staged.handle, FILE.subarray(PART), PART);
      await sink.commit();
    });
    expect((await s3.get('out', key)).equals(FILE)).toBe(true);
  });

  it('that is given up leaves no part, however many are on their way', async () => {
    await s3.fails({ match: 'PUT /out', kind: 'slow', times: 99 });
    await withSink(async (sink) => {
      write(sink, 0, FILE.length);
      await expectChanges(['POST uploads', ...[1, 2, 3].map((part) => `PUT partNumber=${part}`)]);
    });
    expect(await changes()).toEqual(['DELETE uploadId']);
    expect(await s3.keys('out')).not.toContain(key);
  });

  it('ends the writing when a part cannot be sent', async () => {
    await s3.fails({ match: 'PUT /out', kind: 'expired', times: 99 });
    await withSink(async (sink) => {
      write(sink, 0, PART);
      await expectChanges(['POST uploads', 'PUT partNumber=1']);
      const failure = { code: 'OUTPUT_FAILED', message: expect.stringContaining('ExpiredToken') };
      await vi.waitFor(() =>
        expect(() => sink.staged.written(PART, 0)).toThrow(expect.objectContaining(failure)),
      );
      await expect(sink.commit()).rejects.toMatchObject(failure);
    });
    expect((await changes()).at(-1)).toBe('DELETE uploadId');
  });

  it('keeps an object that appeared meanwhile', async () => {
    await withSink(async (sink) => {
      write(sink, 0, FILE.length);
      await s3.put('out', key, Buffer.from('another'));
      await expect(sink.commit()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    });
    expect((await s3.get('out', key)).toString()).toBe('another');
    expect((await changes()).at(-1)).toBe('DELETE uploadId');
  });
});
