import { randomUUID } from 'node:crypto';
import { PrpackError } from '../../errors.js';
import { existsAlready } from '../sinks/file-sink.js';
import type { S3 } from './client.js';
import { isConflict, s3Failure, statusOf } from './failure.js';
import { inParallel } from './in-parallel.js';
import { listKeys } from './list-keys.js';
import type { S3Location } from './location.js';

/** Name of the object that says what is being sent below a prefix, for as long as it is. */
const NAME = '.prpack-unfinished.json';

interface Unfinished {
  /** Of the run that sends. */
  readonly mark: string;
  /** Of all objects that there are going to be, below the prefix. */
  readonly names: readonly string[];
}

/** Says below a prefix that objects are being sent there: what a process that is killed leaves is known by it. */
export class UnfinishedMark {
  readonly #s3: S3;
  readonly #location: S3Location;
  readonly #mark = randomUUID();

  /** @param location its key ends with a slash */
  constructor(s3: S3, location: S3Location) {
    this.#s3 = s3;
    this.#location = location;
  }

  /** @throws PrpackError OUTPUT_EXISTS when another run sends or was killed there; OUTPUT_FAILED */
  async begin(names: readonly string[]): Promise<void> {
    const { client, sdk } = this.#s3;
    const said: Unfinished = { mark: this.#mark, names };
    const command = new sdk.PutObjectCommand({
      ...objectOf(this.#location, NAME),
      Body: Buffer.from(JSON.stringify(said)),
      ContentType: 'application/json',
      IfNoneMatch: '*',
    });
    await client.send(command).catch(async (error) => {
      if ((await this.#said())?.mark === this.#mark) return; // nobody heard the answer
      const { shown } = this.#location;
      throw isConflict(error) ? existsAlready(shown) : s3Failure(error, shown, 'write');
    });
  }

  /**
   * Asked before what refers to the others is sent.
   * @throws PrpackError OUTPUT_FAILED when somebody has taken this run for one that was killed
   */
  async assertOwn(): Promise<void> {
    if ((await this.#said())?.mark === this.#mark) return;
    const { shown } = this.#location;
    throw new PrpackError('OUTPUT_FAILED', `what was sent to ${shown} was removed meanwhile`, {
      path: shown,
      remedy: 'Another run took this one for dead. See whether it has made the presentation.',
    });
  }

  async end(): Promise<void> {
    await remove(this.#s3, this.#location, [NAME]);
  }

  #said(): Promise<Unfinished | undefined> {
    return readUnfinished(this.#s3, this.#location).catch((error) => {
      throw s3Failure(error, this.#location.shown, 'write');
    });
  }
}

/**
 * Removes what a process that was killed sent below a prefix; nothing, where all of it is there. Only for who knows that nobody else sends there.
 * @param location its key ends with a slash
 * @throws what the client throws; PrpackError INPUT_UNREADABLE
 */
export async function removeUnfinished(s3: S3, location: S3Location): Promise<void> {
  const said = await readUnfinished(s3, location);
  if (!said) return;
  const keys = new Set(await listKeys(s3, location, undefined));
  const isThere = (name: string) => keys.has(`${location.key}${name}`);
  if (!said.names.every(isThere)) await remove(s3, location, said.names.filter(isThere));
  await remove(s3, location, [NAME]);
}

/** Removes objects below a prefix, as far as it can be: those that stay take room, and nothing else. */
export async function remove(
  { client, sdk }: S3,
  location: S3Location,
  names: readonly string[],
): Promise<void> {
  await inParallel(names, async (name) => {
    await client.send(new sdk.DeleteObjectCommand(objectOf(location, name))).catch(() => {});
  });
}

async function readUnfinished({ client, sdk }: S3, location: S3Location): Promise<Unfinished | undefined> {
  try {
    const { Body } = await client.send(new sdk.GetObjectCommand(objectOf(location, NAME)));
    return parse(await Body!.transformToString());
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** @returns undefined for what somebody else has put there */
function parse(text: string): Unfinished | undefined {
  try {
    const { mark, names } = JSON.parse(text) as Partial<Unfinished>;
    const areNames = Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '');
    return typeof mark === 'string' && areNames ? { mark, names } : undefined;
  } catch {
    return undefined;
  }
}

function objectOf({ bucket, key }: S3Location, name: string) {
  return { Bucket: bucket, Key: `${key}${name}` };
}
