import { beforeAll, describe, expect, inject, it } from 'vitest';
import { openInput } from '../../../src/bytes/input.js';
import type { ByteSource } from '../../../src/bytes/source.js';
import { type S3Fault, testS3 } from '../../support/s3.js';

const SIZE = 9 * 2 ** 20 + 1;
const object = Buffer.alloc(SIZE);
for (let at = 0; at + 4 <= SIZE; at += 4) object.writeUInt32LE((at * 2654435761) >>> 0, at);

const s3 = testS3();
beforeAll(async () => {
  if (inject('buildProblem')) throw new Error(`dist/ could not be built:\n${inject('buildProblem')}`);
  await s3.put('media', "in/film (1) ü&+'.mp4", object);
  await s3.put('media', 'empty.mp4', new Uint8Array());
});

const FILM = "s3://media/in/film (1) ü&+'.mp4";

function readAll(source: ByteSource): Buffer {
  const target = Buffer.alloc(source.sizeBytes);
  for (let at = 0; at < SIZE; at += 99_991) {
    source.readInto(target.subarray(at, Math.min(at + 99_991, SIZE)), at);
  }
  return target;
}

async function readWhole(url: string): Promise<Buffer> {
  const source = await openInput(url, undefined);
  try {
    return readAll(source);
  } finally {
    source.close();
  }
}

describe('an object of S3', () => {
  it('is read whole, in few requests, some of them ahead', async () => {
    expect((await readWhole(FILM)).equals(object)).toBe(true);
    const ranges = (await s3.requests()).map(({ range }) => range);
    expect(ranges[0]).toBe('bytes=0-524287');
    expect(new Set(ranges).size).toBe(ranges.length);
    expect(ranges.length).toBeLessThan(12);
  });

  it('may be empty', async () => {
    const source = await openInput('s3://media/empty.mp4', undefined);
    expect(source.sizeBytes).toBe(0);
    source.close();
  });

  it.each<S3Fault>([
    { match: 'GET /media', kind: 'server-error', times: 1 },
    { match: 'GET /media', kind: 'server-error', times: 1, after: 2 },
    { match: 'GET /media', kind: 'hangup', times: 1, after: 1 },
    { match: 'GET /media', kind: 'cut', times: 2, after: 1 },
    { match: 'GET /media', kind: 'slow', times: 2 },
  ])('is read whole in spite of $kind after $after', async (fault) => {
    await s3.fails(fault);
    expect((await readWhole(FILM)).equals(object)).toBe(true);
  });

  it('of a server that sends the whole of it is refused, and nothing of it is kept', async () => {
    await s3.fails({ match: 'GET /media', kind: 'whole', times: 99 });
    await expect(openInput(FILM, undefined)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('the server does not send parts of objects'),
    });
    await s3.fails({ match: 'GET /media', kind: 'whole', times: 99, after: 1 });
    const source = await openInput(FILM, undefined);
    expect(() => readAll(source)).toThrow(expect.objectContaining({ code: 'INPUT_UNREADABLE' }));
    source.close();
  });

  it('that is replaced while it is read is an error', async () => {
    const changing = Buffer.from(object);
    await s3.put('media', 'changing.mp4', changing);
    const source = await openInput('s3://media/changing.mp4', undefined);
    changing[SIZE - 1]! ^= 1;
    await s3.put('media', 'changing.mp4', changing);
    expect(() => readAll(source)).toThrow(
      expect.objectContaining({
        code: 'INPUT_UNREADABLE',
        message: expect.stringContaining('was replaced while it was read'),
      }),
    );
    source.close();
  });

  it.each([
    ['no object', 's3://media/nothing.mp4', 'INPUT_NOT_FOUND', /no such object/],
    ['no bucket', 's3://nowhere/film.mp4', 'INPUT_NOT_FOUND', /no such bucket/],
    ['no key', 's3://media/', 'INVALID_ARGUMENT', /does not name an object/],
    ['no bucket in its name', 's3:///film.mp4', 'INVALID_ARGUMENT', /no name of a bucket/],
  ])('that is not there is an error: %s', async (_, url, code, message) => {
    await expect(openInput(url, undefined)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it.each<[S3Fault['kind'], string, RegExp]>([
    ['expired', 'ExpiredToken', /new ones/],
    ['denied', 'AccessDenied', /may do with the bucket/],
    ['wrong-secret', 'SignatureDoesNotMatch', /AWS_SECRET_ACCESS_KEY/],
  ])('that is not to be had says why, and nothing secret: %s', async (kind, name, remedy) => {
    await s3.fails({ match: 'GET /media', kind, times: 9 });
    const error = await openInput(FILM, undefined).catch((caught) => caught);
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining(name),
      details: { path: FILM, remedy: expect.stringMatching(remedy) },
    });
    expect(JSON.stringify([error, error.stack])).not.toMatch(/AKIA|geheim|S3RVER/);
  });
});
