import { type ByteSource, FileSource } from '../bytes/source.js';
import { createIvSource } from '../cenc/iv.js';
import { PrpackError } from '../errors.js';
import { readMovie } from '../isobmff/movie.js';
import {
  DEFAULT_IV_SIZE,
  type EncryptionWork,
  type PlannedEncryption,
  planEncryption,
} from './encryption-plan.js';
import { StretchRenderer } from './execute/renderer.js';
import { breathe } from './job.js';
import { readProtections } from './protection-reader.js';
import type { EncryptOptions } from './types.js';

const STRETCH_BYTES = 4 * 2 ** 20;

/**
 * Whether the output is there already, made of this very input with these keys and options: it is planned once more with
 * the IVs that the file has, and every byte compared. Nothing less would prove it.
 * @returns the plan of the file, or undefined when it is another one
 */
export async function findFinishedWork(
  work: EncryptionWork,
  options: EncryptOptions,
): Promise<PlannedEncryption | undefined> {
  let output: FileSource;
  try {
    output = new FileSource(options.output);
  } catch (error) {
    if (error instanceof PrpackError) return undefined;
    throw error;
  }
  try {
    const ivStarts = readIvStarts(work, output);
    if (!ivStarts?.every((iv) => iv.length === (options.ivSize ?? DEFAULT_IV_SIZE))) return undefined;
    const planned = await planEncryption(work, options, ivStarts);
    return (await isRendered(planned, work, output, options.signal)) ? planned : undefined;
  } finally {
    output.close();
  }
}

/** The first IV of every track to encrypt, when the file encrypts these tracks under these keys. */
function readIvStarts({ tracks, keys }: EncryptionWork, output: ByteSource): Uint8Array[] | undefined {
  try {
    const protections = readProtections(readMovie(output), output);
    const starts = tracks.flatMap(({ track }, i) => {
      const found = protections.find((protection) => protection.track.id === track.id);
      if (found?.kids.length !== 1 || found.kids[0] !== keys[i].kid) return [];
      if (found.track.samples.count === 0) return [];
      const ivs = createIvSource(found.ivPlan);
      const iv = new Uint8Array(ivs.ivSizeBytes);
      ivs.ivAt(0, iv);
      return [iv];
    });
    return starts.length === tracks.length ? starts : undefined;
  } catch (error) {
    if (error instanceof PrpackError) return undefined; // whatever it is, it is not our finished work
    throw error;
  }
}

async function isRendered(
  { plan, encryptions }: PlannedEncryption,
  { source, keys }: EncryptionWork,
  output: ByteSource,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (plan.sizeBytes !== output.sizeBytes) return false;
  const keyOf = (kid: string) => keys.find((key) => key.kid === kid)?.key;
  const renderer = await StretchRenderer.create(plan, source, encryptions, keyOf);
  const wanted = new Uint8Array(Math.min(STRETCH_BYTES, plan.sizeBytes));
  const found = new Uint8Array(wanted.length);
  for (let start = 0; start < plan.sizeBytes; start += STRETCH_BYTES) {
    const length = Math.min(wanted.length, plan.sizeBytes - start);
    renderer.render(wanted.subarray(0, length), start);
    output.readInto(found.subarray(0, length), start);
    if (Buffer.compare(wanted.subarray(0, length), found.subarray(0, length)) !== 0) return false;
    await breathe(signal);
  }
  return true;
}
