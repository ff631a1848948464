import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { existsAlready } from '../sinks/file-sink.js';
import type { S3 } from './client.js';
import { contentTypeOf } from './content-type.js';
import { isConflict, s3Failure } from './failure.js';
import { isThere } from './is-there.js';
import type { S3Location } from './location.js';

/** Where an object is made. */
export interface UploadTarget {
  readonly location: S3Location;
  /** Whether an object that is there may be replaced. */
  readonly replace: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Metadata by which an upload knows its own object again, when nobody heard whether it was completed. */
const MARK = 'prpack-upload';

/** What all requests for one new object have in common. */
export class Upload {
  readonly s3: S3;
  readonly #target: UploadTarget;
  readonly #mark = randomUUID();
  readonly #stop = new AbortController();

  constructor(s3: S3, target: UploadTarget) {
    this.s3 = s3;
    this.#target = target;
  }

  /** Stops the requests under way. */
  stop(): void {
    this.#stop.abort();
  }

  /**
   * For servers that do not know the condition where an upload by parts is completed, as the gateway of Ceph 16: what was made meanwhile is
   * seen here, but for the moment until the completion.
   * @throws PrpackError OUTPUT_EXISTS
   */
  async assertFree(): Promise<void> {
    const { location, replace } = this.#target;
    const isTaken = !replace && (await isThere(this.s3, location, this.stoppable));
    if (isTaken) throw existsAlready(location.shown);
  }

  /** Whatever the answer: when the object has the mark of this upload, it is done. */
  async publish(send: () => Promise<unknown>): Promise<void> {
    try {
      await send();
    } catch (error) {
      if (await this.#isDone()) return;
      const isTaken = !this.#target.replace && isConflict(error);
      throw isTaken ? existsAlready(this.#target.location.shown) : this.failure(error);
    }
  }

  async #isDone(): Promise<boolean> {
    const { client, sdk } = this.s3;
    try {
      const { Metadata } = await client.send(new sdk.HeadObjectCommand(this.object));
      return Metadata?.[MARK] === this.#mark;
    } catch {
      return false; // what failed before says more
    }
  }

  failure(error: unknown): Error {
    return s3Failure(error, this.#target.location.shown, 'write');
  }

  get object() {
    const { bucket, key } = this.#target.location;
    return { Bucket: bucket, Key: key };
  }

  /** What is said of the object when it is begun. */
  get described() {
    return { Metadata: { [MARK]: this.#mark }, ContentType: contentTypeOf(this.#target.location.key) };
  }

  get condition() {
    return this.#target.replace ? {} : { IfNoneMatch: '*' };
  }

  get stoppable(): { readonly abortSignal: AbortSignal } {
    const { signal } = this.#target;
    return { abortSignal: signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal };
  }
}

/** Base64 of the four bytes of CRC-32, as S3 takes it. */
export function checksumOf(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}
