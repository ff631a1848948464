import { randomFillSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest';
import { openInput } from '../../../src/bytes/input.js';
import { openS3 } from '../../../src/bytes/s3/client.js';
import { listKeys } from '../../../src/bytes/s3/list-keys.js';
import { parseS3Location, parseS3Prefix } from '../../../src/bytes/s3/location.js';
import { putFile } from '../../../src/bytes/s3/put-file.js';
import { readBytes } from '../../../src/bytes/source.js';
import { runCli } from '../../support/cli.js';
import { radosGateway } from '../../support/rados-gateway.js';
import { testS3 } from '../../support/s3.js';
import { sample } from '../../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../../support/sweeps.js';
import { temporaryFolder } from '../../support/temporary.js';
import { describeWith } from '../../support/tools.js';

/* What prpack wants of every server of S3, tried on two that have nothing in common. */

const inFolder = temporaryFolder();
/** Two parts of 8 MiB and one byte. */
const LARGE = randomFillSync(Buffer.alloc(2 ** 24 + 1));
const BYTES = { small: LARGE.subarray(0, 1000), large: LARGE };
const SIZES = ['small', 'large'] as const;
beforeAll(() => {
  if (inject('buildProblem')) throw new Error(`dist/ could not be built:\n${inject('buildProblem')}`);
  for (const size of SIZES) writeFileSync(inFolder(size), BYTES[size]);
});

/** A server with the buckets `media` and `out`. */
interface Server {
  readonly client: S3Client;
  readonly environment: Readonly<Record<string, string>>;
}

/** What a server lacks. */
interface Lacks {
  readonly versions?: boolean;
  readonly listsOfUploads?: boolean;
}

function contract(server: Server, lacks: Lacks): void {
  let key: string;
  beforeEach(() => {
    key = `films/${randomUUID()} (1) ü&+'.mp4`;
    for (const [name, value] of Object.entries(server.environment)) vi.stubEnv(name, value);
  });

  async function put(
    size: (typeof SIZES)[number],
    options: { replace?: boolean; signal?: AbortSignal } = {},
  ) {
    const s3 = await openS3();
    const location = parseS3Location(`s3://out/${key}`);
    try {
      await putFile(s3, { location, path: inFolder(size), replace: false, ...options });
    } finally {
      s3.client.destroy();
    }
  }

  async function get(bucket: string): Promise<Buffer> {
    const { Body } = await server.client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  async function putBytes(bucket: string, bytes: Uint8Array): Promise<void> {
    await server.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  }

  it.each(SIZES)('takes a file, whole and with its type: %s', async (size) => {
    await put(size);
    expect((await get('out')).equals(BYTES[size])).toBe(true);
    const head = await server.client.send(new HeadObjectCommand({ Bucket: 'out', Key: key }));
    expect(head).toMatchObject({ ContentLength: BYTES[size].length, ContentType: 'video/mp4' });
  });

  it.each(SIZES)('keeps an object that is there, unless it may be replaced: %s', async (size) => {
    await putBytes('out', Buffer.from('another'));
    await expect(put(size)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    expect((await get('out')).toString()).toBe('another');
    await put(size, { replace: true });
    expect((await get('out')).equals(BYTES[size])).toBe(true);
  });

  it('has no object and no open upload of one that is stopped', async () => {
    const controller = new AbortController();
    const putting = put('large', { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(putting).rejects.toMatchObject({ code: 'ABORTED' });
    if (!lacks.listsOfUploads) {
      const { Uploads = [] } = await server.client.send(new ListMultipartUploadsCommand({ Bucket: 'out' }));
      expect(Uploads.map((upload) => upload.Key)).toEqual([]);
    }
    await expect(get('out')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  it('is read at any place', async () => {
    await putBytes('media', LARGE);
    const source = await openInput(`s3://media/${key}`, undefined);
    expect(source.sizeBytes).toBe(LARGE.length);
    for (const at of [LARGE.length - 10, 0, 2 ** 23 - 5, 600_000]) {
      expect(readBytes(source, at, 10)).toEqual(new Uint8Array(LARGE.subarray(at, at + 10)));
    }
    source.close();
  });

  it(`${lacks.versions ? 'has no mixture of' : 'goes on with'} what is replaced while it is read`, async () => {
    await putBytes('media', LARGE);
    const source = await openInput(`s3://media/${key}`, undefined);
    await putBytes('media', LARGE.subarray(1));
    if (lacks.versions) {
      const replaced = { code: 'INPUT_UNREADABLE', message: expect.stringContaining('was replaced') };
      expect(() => readBytes(source, 2 ** 23, 10)).toThrow(expect.objectContaining(replaced));
    } else {
      expect(readBytes(source, 2 ** 23, 10)).toEqual(new Uint8Array(LARGE.subarray(2 ** 23, 2 ** 23 + 10)));
    }
    source.close();
  });

  it('lists what is below a prefix, and says of what is not there that it is not', async () => {
    await putBytes('out', BYTES.small);
    const s3 = await openS3();
    expect(await listKeys(s3, parseS3Prefix('s3://out/films/'), undefined)).toContain(key);
    s3.client.destroy();
    for (const url of ['s3://media/nothing.mp4', 's3://nowhere/film.mp4'])
      await expect(openInput(url, undefined)).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  it('refuses credentials that are not its own by name', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'NOBODY');
    await expect(openInput('s3://media/film.mp4', undefined)).rejects.toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringMatching(/InvalidAccessKeyId|AccessDenied|403/),
    });
  });

  it('takes what prpack makes of what it has, and gives it back', async () => {
    const { environment: env } = server;
    const store = ['--key-store', `sqlite:${inFolder(`${randomUUID()}.db`)}`, '--json'];
    const film = `s3://out/${key}`;
    const first = await runCli(['encrypt', sample('bars.mp4'), film, ...store], { env });
    expect(JSON.parse(first.stdout)).toMatchObject({ output: film, unchanged: false });
    const again = await runCli(['encrypt', sample('bars.mp4'), film, ...store], { env });
    expect(JSON.parse(again.stdout)).toMatchObject({ unchanged: true });
    const shown = await runCli(['inspect', film, '--json'], { env });
    expect(JSON.parse(shown.stdout)).toMatchObject({ path: film });
  });
}

describe('s3rver, with a proxy for what it lacks', () => {
  contract(testS3(), { versions: true, listsOfUploads: true });
});

describe.skipIf(!SWEEPS)(`a second server ${BY_SWEEPS}`, () => {
  describeWith(['radosgw'], 'the gateway of Ceph', () => {
    contract(radosGateway(), {});
  });
});
