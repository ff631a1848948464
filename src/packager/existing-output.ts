import { type ByteSource, FileSource, readBytes } from '../bytes/source.js';
import { createIvSource } from '../cenc/iv.js';
import { PrpackError } from '../errors.js';
import { readMovie } from '../isobmff/movie.js';
import { readProtections } from '../protection/protection-reader.js';
import { protectionSettings } from '../protection/protection-settings.js';
import {
  type EncryptionWork,
  type PlannedEncryption,
  planEncryption,
  processingSteps,
} from './encryption-plan.js';
import { ChunkRenderer } from './execute/renderer.js';
import { yieldToEventLoop } from './job.js';
import type { EncryptOptions } from './types.js';

const CHUNK_BYTES = 4 * 2 ** 20;

/**
 * Whether the output is there already, made of this very input with these keys and options: it is planned once more with
 * the IVs that the file has, and every byte compared. Nothing less would prove it.
 * @returns the plan of the file, or undefined when it is another one
 */
export async function findExistingOutput(
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
    const { ivSize } = protectionSettings(options);
    const ivStarts = readIvStarts(work, output);
    if (!ivStarts?.every((iv) => iv.length === ivSize)) return undefined;
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
      if (!found || found.kids[0] !== keys[i].kid) return [];
      const first = found.keyNumbers?.findIndex((number) => number > 0) ?? 0;
      if (first < 0 || found.track.samples.count === 0) return [];
      const ivs = createIvSource(found.ivPlan);
      const iv = new Uint8Array(ivs.ivSizeBytes);
      ivs.ivAt(first, iv);
      return [iv];
    });
    return starts.length === tracks.length ? starts : undefined;
  } catch (error) {
    if (error instanceof PrpackError) return undefined; // whatever it is, it is not the output of this job
    throw error;
  }
}

async function isRendered(
  { plan, encryptions }: PlannedEncryption,
  work: EncryptionWork,
  output: ByteSource,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (plan.sizeBytes !== output.sizeBytes) return false;
  const renderer = await ChunkRenderer.create(plan, work.source, processingSteps(work, encryptions));
  for (const { startBytes, bytes } of renderer.chunks(CHUNK_BYTES)) {
    const found = readBytes(output, startBytes, bytes.length);
    if (Buffer.compare(bytes, found) !== 0) return false;
    await yieldToEventLoop(signal);
  }
  return true;
}
