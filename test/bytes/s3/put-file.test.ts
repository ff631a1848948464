import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openS3 } from '../../../src/bytes/s3/client.js';
import { parseS3Location } from '../../../src/bytes/s3/location.js';
import { putFile } from '../../../src/bytes/s3/put-file.js';
import { type S3Fault, testS3 } from '../../support/s3.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const s3 = testS3();

/** Two parts of 8 MiB and one byte. */
const LARGE = randomFillSync(Buffer.alloc(2 ** 24 + 1));
const SMALL = LARGE.subarray(0, 1000);

beforeAll(() => {
  writeFileSync(inFolder('large'), LARGE);
  writeFileSync(inFolder('small'), SMALL);
});

let number = 0;
let key: string;
beforeEach(() => {
  key = `film ${++number}.mp4`;
});

const SIZES = ['small', 'large'] as const;
const BYTES = { small: SMALL, large: LARGE };

async function put(size: (typeof SIZES)[number], options: { replace?: boolean; signal?: AbortSignal } = {}) {
  const client = await openS3();
  const location = parseS3Location(`s3://out/${key}`);
  try {
    await putFile(client, { location, path: inFolder(size), replace: false, ...options });
  } finally {
    client.client.destroy();
  }
}

/** Of an upload that failed: that there is no object, and that its parts were removed. */
async function assertNothingLeft(): Promise<void> {
  expect(await s3.keys('out')).not.toContain(key);
  const sent = (await s3.requests()).map(({ method, url }) => `${method} ${url}`);
  if (!sent.some((line) => line.startsWith('POST'))) return;
  expect(sent.join('\n')).toMatch(/^DELETE .*uploadId=/m); // a request that was cut off may be logged later
}

describe('a file that is put', () => {
  it.each(SIZES)('is the object: %s', async (size) => {
    await put(size);
    expect((await s3.get('out', key)).equals(BYTES[size])).toBe(true);
  });

  it.each(
    SIZES.flatMap((size) =>
      (
        [
          { match: 'P\\w+ /out', kind: 'server-error', times: 2 },
          { match: 'PUT /out', kind: 'server-error', times: 2 },
          { match: 'PUT /out', kind: 'hangup', times: 1 },
          { match: 'PUT /out', kind: 'slow', times: 2 },
          { match: 'POST .*uploadId', kind: 'server-error', times: 1 },
          { match: 'POST .*uploadId', kind: 'late-error', times: 1 },
        ] satisfies S3Fault[]
      ).map((fault) => ({ size, ...fault })),
    ),
  )('is the object in spite of $kind ($match): $size', async ({ size, ...fault }) => {
    await s3.fails(fault);
    await put(size);
    expect((await s3.get('out', key)).equals(BYTES[size])).toBe(true);
  });

  it.each([
    ['small', { match: 'PUT /out', kind: 'unheard', times: 1 }],
    ['large', { match: 'POST .*uploadId', kind: 'unheard', times: 1 }],
  ] as const)('is the object where the answer was lost: %s', async (size, fault) => {
    await s3.fails(fault);
    await put(size);
    expect((await s3.get('out', key)).equals(BYTES[size])).toBe(true);
  });

  it.each(SIZES)('does not replace another object, unless it may: %s', async (size) => {
    await s3.put('out', key, Buffer.from('another'));
    await expect(put(size)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect((await s3.get('out', key)).toString()).toBe('another');
    await put(size, { replace: true });
    expect((await s3.get('out', key)).equals(BYTES[size])).toBe(true);
  });

  it.each(
    SIZES.flatMap((size) =>
      (
        [
          ['damaged', 'BadDigest'],
          ['expired', 'ExpiredToken'],
          ['denied', 'AccessDenied'],
          ['server-error', 'InternalError'],
          ['hangup', '(UND_ERR_SOCKET|ECONNRESET|EPIPE)'],
        ] as const
      ).map(([kind, name]) => ({ size, kind, name })),
    ),
  )('is no object and leaves no parts: $kind, $size', async ({ size, kind, name }) => {
    await s3.fails({ match: 'PUT /out', kind, times: 99 });
    const error = await put(size).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'OUTPUT_FAILED', message: expect.stringMatching(name) });
    expect(JSON.stringify([error, error.stack])).not.toMatch(/AKIA|geheim|S3RVER/);
    await assertNothingLeft();
  });

  it('is no object and leaves no parts where its completion ends with an error in an answer that began well', async () => {
    await s3.fails({ match: 'POST .*uploadId', kind: 'late-error', times: 99 });
    await expect(put('large')).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      message: expect.stringContaining('InternalError'),
    });
    await assertNothingLeft();
  });

  it('is no object and leaves no parts when it is stopped', async () => {
    await s3.fails({ match: 'PUT /out', kind: 'slow', times: 99 });
    const controller = new AbortController();
    const putting = put('large', { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(putting).rejects.toMatchObject({ code: 'ABORTED' });
    await assertNothingLeft();
  });
});
