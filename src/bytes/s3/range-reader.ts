import type { GetObjectCommandInput, GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { PrpackError } from '../../errors.js';
import { CutBody } from '../http/failure.js';
import type { FetchAhead } from '../remote/block-loader.js';
import type { RangeReader } from '../remote/range-reader.js';
import { type FailureRules, readRange } from '../remote/repeat.js';
import type { RequestLimits } from '../remote/request-limits.js';
import { openS3, type S3 } from './client.js';
import { faultNameOf, replacedMeanwhile, s3Failure, statusOf } from './failure.js';
import type { S3Location } from './location.js';

/** The state of an object that all ranges are read of. */
interface Pinned {
  readonly sizeBytes: number;
  readonly etag: string | undefined;
  readonly versionId: string | undefined;
}

/** What the first request asks for, as its answer says the size, too. The first reads of any file want it. */
const FIRST_BYTES = 512 * 1024;

/** The body of an answer. */
type Body = AsyncIterable<Uint8Array> & { destroy(): void };

/** Reads ranges of one version of an object. */
export class S3RangeReader implements RangeReader {
  /** Several requests of 8 MiB at once: one connection to S3 is slower than the network. */
  readonly ahead: FetchAhead = { runBlocks: 32, requests: 4 };
  /** The beginning of the object, until it is read. */
  #first: Uint8Array | undefined;
  readonly #location: S3Location;
  readonly #limits: RequestLimits;
  readonly #rules: FailureRules;
  #s3: S3 | undefined;
  #pinned: Pinned | undefined;

  /** @param s3 the client; by default one of its own */
  constructor(location: S3Location, limits: RequestLimits, s3?: S3) {
    this.#s3 = s3;
    this.#location = location;
    this.#limits = limits;
    this.#rules = {
      // What the SDK reports, it has tried several times.
      waitMsAfter: (error) => (error instanceof CutBody ? 0 : undefined),
      failureOf: (error) => s3Failure(error, location.shown, 'read'),
    };
  }

  async open(): Promise<number> {
    this.#s3 ??= await openS3(this.#limits);
    try {
      await this.#openBy(await this.#get({ Range: `bytes=0-${FIRST_BYTES - 1}` }));
    } catch (error) {
      if (faultNameOf(error) !== 'InvalidRange') throw s3Failure(error, this.#location.shown, 'read');
      this.#pinned = { sizeBytes: 0, etag: undefined, versionId: undefined };
    }
    return this.#pinned!.sizeBytes;
  }

  /** Learns from the first answer what the object is. A server that sends the whole of it is not listened to. */
  async #openBy(answer: GetObjectCommandOutput): Promise<void> {
    try {
      this.#pinned = {
        sizeBytes: this.#sizeFrom(answer),
        etag: answer.ETag,
        versionId: answer.VersionId === 'null' ? undefined : answer.VersionId, // of a bucket without versions
      };
      const first: Uint8Array[] = [];
      await this.#take(answer, 0, Math.min(FIRST_BYTES, this.#pinned.sizeBytes), (bytes) =>
        first.push(bytes),
      );
      this.#first = Buffer.concat(first);
    } catch (error) {
      if (!(error instanceof CutBody)) throw error; // what did not come is asked for again
    } finally {
      (answer.Body as Body | undefined)?.destroy();
    }
  }

  async read(startBytes: number, endBytes: number, onBytes: (bytes: Uint8Array) => void): Promise<void> {
    const known = this.#first?.subarray(startBytes, endBytes);
    if (known?.length) {
      this.#first = undefined;
      onBytes(known);
    }
    const readOnce = this.#readOnce.bind(this);
    const from = startBytes + (known?.length ?? 0);
    await readRange([from, endBytes], onBytes, readOnce, this.#limits, this.#rules);
  }

  async #readOnce(startBytes: number, endBytes: number, onBytes: (bytes: Uint8Array) => void): Promise<void> {
    const { etag, versionId } = this.#pinned!;
    const answer = await this.#getPinned({
      Range: `bytes=${startBytes}-${endBytes - 1}`,
      ...(etag !== undefined && { IfMatch: etag }),
      ...(versionId !== undefined && { VersionId: versionId }),
    });
    try {
      await this.#take(answer, startBytes, endBytes, onBytes);
    } finally {
      (answer.Body as Body | undefined)?.destroy();
    }
  }

  /** @throws CutBody where the answer ends early */
  async #take(
    answer: GetObjectCommandOutput,
    startBytes: number,
    endBytes: number,
    onBytes: (bytes: Uint8Array) => void,
  ): Promise<void> {
    if (startBytes === endBytes) return;
    this.#assertPart(answer, startBytes, endBytes);
    let left = endBytes - startBytes;
    for await (const chunk of cutWhereItFails(answer.Body as Body)) {
      left -= chunk.length;
      if (left < 0) throw this.#noRange('it sent more bytes than were asked for');
      onBytes(chunk);
    }
    if (left > 0) throw new CutBody();
  }

  async #getPinned(input: Omit<GetObjectCommandInput, 'Bucket' | 'Key'>): Promise<GetObjectCommandOutput> {
    try {
      return await this.#get(input);
    } catch (error) {
      if (statusOf(error) === 412) throw replacedMeanwhile(this.#location.shown, 'its ETag is another one');
      throw error;
    }
  }

  #get(input: Omit<GetObjectCommandInput, 'Bucket' | 'Key'>): Promise<GetObjectCommandOutput> {
    const { bucket, key } = this.#location;
    const { client, sdk } = this.#s3!;
    return client.send(new sdk.GetObjectCommand({ Bucket: bucket, Key: key, ...input }));
  }

  /** Not every server knows `If-Match`. */
  #assertPart({ ETag, ContentRange }: GetObjectCommandOutput, startBytes: number, endBytes: number): void {
    const { shown } = this.#location;
    const { etag, sizeBytes } = this.#pinned!;
    if (ETag !== etag) throw replacedMeanwhile(shown, 'its ETag is another one');
    const { first, end, size } = this.#range(ContentRange);
    if (size !== sizeBytes) throw replacedMeanwhile(shown, 'its size is another one');
    if (first !== startBytes || end !== endBytes) throw this.#noRange('it sent another part');
  }

  #sizeFrom({ ContentRange, ContentLength }: GetObjectCommandOutput): number {
    if (ContentRange === undefined && ContentLength === 0) return 0;
    return this.#range(ContentRange).size;
  }

  /** `bytes 0-99/1234` (RFC 9110 14.4), as a range without its end. */
  #range(text: string | undefined): { first: number; end: number; size: number } {
    const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(text ?? '');
    if (!match) throw this.#noRange('it sent no range');
    return { first: Number(match[1]), end: Number(match[2]) + 1, size: Number(match[3]) };
  }

  #noRange(why: string): PrpackError {
    const { shown } = this.#location;
    return new PrpackError(
      'INPUT_UNREADABLE',
      `${shown}: the server does not send parts of objects: ${why}`,
      {
        path: shown,
        clause: 'RFC 9110 14',
        remedy: 'Download the object first, for example with aws s3 cp, and give its path.',
      },
    );
  }
}

/** What fails in the middle of a body may go on with another request. */
async function* cutWhereItFails(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch {
    throw new CutBody();
  }
}
