import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';

/** What the server does with the next requests that match. */
export interface S3Fault {
  /** Regular expression for method and URL: `GET /media/film.mp4`. */
  readonly match: string;
  readonly kind:
    | 'server-error'
    | 'expired'
    | 'denied'
    | 'wrong-secret'
    | 'hangup'
    | 'slow'
    | 'held'
    | 'cut'
    | 'damaged'
    | 'whole'
    | 'late-error'
    | 'unheard';
  readonly times: number;
  /** Requests that match and are left alone first. */
  readonly after?: number;
}

export interface S3Request {
  readonly method: string;
  readonly url: string;
  readonly range?: string;
}

/** A server with the buckets `media` and `out`, which the environment of the tests leads to; empty for each file of tests. */
export class TestS3 {
  #worker!: Worker;
  #client!: S3Client;
  #environment: Record<string, string> = {};

  async start(): Promise<void> {
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
    this.#worker = new Worker(new URL('./s3-server.mjs', import.meta.url), {
      workerData: { buckets: ['media', 'out'] },
    });
    const [{ port }] = await once(this.#worker, 'message');
    this.#environment = {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'S3RVER',
      AWS_SECRET_ACCESS_KEY: 'S3RVER',
      AWS_REGION: 'us-east-1',
    };
    this.#client = new S3Client({
      endpoint: this.#environment.AWS_ENDPOINT_URL_S3!,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    });
  }

  get client(): S3Client {
    return this.#client;
  }

  /** For processes. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  async stop(): Promise<void> {
    this.#client.destroy();
    await this.#ask('stop');
    await this.#worker.terminate();
  }

  async fails(...faults: S3Fault[]): Promise<void> {
    await this.#ask(
      'faults',
      faults.map((fault) => ({ after: 0, ...fault })),
    );
  }

  /** Keys of uploads in parts that were begun and have not ended, in both buckets. */
  async uploads(): Promise<readonly string[]> {
    return ((await this.#ask('uploads')) as { key: string }[]).map(({ key }) => key);
  }

  /** The requests since the last call. */
  async requests(): Promise<readonly S3Request[]> {
    return (await this.#ask('log')) as S3Request[];
  }

  async put(bucket: string, key: string, bytes: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }));
  }

  async get(bucket: string, key: string): Promise<Buffer> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  async keys(bucket: string): Promise<string[]> {
    const { Contents = [] } = await this.#client.send(new ListObjectsV2Command({ Bucket: bucket }));
    return Contents.map(({ Key }) => Key!);
  }

  async #ask(command: string, argument?: unknown): Promise<unknown> {
    this.#worker.postMessage({ command, argument });
    const [{ done }] = await once(this.#worker, 'message');
    return done;
  }
}

/** A server for the tests of a file. */
export function testS3(): TestS3 {
  const s3 = new TestS3();
  beforeAll(() => s3.start());
  afterAll(() => s3.stop());
  beforeEach(async () => {
    for (const [name, value] of Object.entries(s3.environment)) vi.stubEnv(name, value);
    await s3.fails();
    await s3.requests();
  });
  return s3;
}
