import { openInput } from '../bytes/input.js';
import { type ByteSource, readBytes } from '../bytes/source.js';
import { createIvSource } from '../cenc/iv.js';
import { PrpackError } from '../errors.js';
import { readMovie } from '../isobmff/movie.js';
import { type ReadProtection, readProtections } from '../protection/protection-reader.js';
import { protectionSettings } from '../protection/protection-settings.js';
import { Digester, type Digests, wantedDigests } from './digests.js';
import {
  type EncryptionWork,
  type PlannedEncryption,
  planEncryption,
  processingSteps,
} from './encryption-plan.js';
import { yieldToEventLoop } from './event-loop.js';
import { ChunkRenderer } from './execute/renderer.js';
import type { WrittenOutput } from './publication.js';
import type { EncryptOptions } from './types.js';

const CHUNK_BYTES = 4 * 2 ** 20;

/** An output that is there, as this job would make it. */
export interface ExistingOutput {
  readonly plan: PlannedEncryption;
  readonly outputs: readonly WrittenOutput[];
}

/**
 * Whether the output is there already, made of this very input with these keys and options: it is planned once more with
 * the IVs that the file has, and every byte compared. Nothing less would prove it.
 * @returns undefined when the file is another one, or there is none
 */
export async function findExistingOutput(
  work: EncryptionWork,
  options: EncryptOptions,
): Promise<ExistingOutput | undefined> {
  let output: ByteSource;
  try {
    output = await openInput(options.output, options.signal);
  } catch (error) {
    if (error instanceof PrpackError) return undefined;
    throw error;
  }
  try {
    const { ivSize } = protectionSettings(options);
    const ivStarts = readIvStarts(work, output);
    if (!ivStarts?.every((iv) => iv.length === ivSize)) return undefined;
    const plan = await planEncryption(work, options, ivStarts);
    const digests = await digestsIfRendered(plan, work, output, options);
    return digests && { plan, outputs: [{ keys: work.keys, ...digests }] };
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
      return firstIvOf(found) ?? [];
    });
    return starts.length === tracks.length ? starts : undefined;
  } catch (error) {
    if (error instanceof PrpackError) return undefined; // whatever it is, it is not the output of this job
    throw error;
  }
}

/** The IV of the first protected sample of a track, or its constant one; undefined where none is protected. */
export function firstIvOf({ keyNumbers, ivPlan, track }: ReadProtection): Uint8Array | undefined {
  const first = keyNumbers?.findIndex((number) => number > 0) ?? 0;
  if (first < 0 || track.samples.count === 0) return undefined;
  const ivs = createIvSource(ivPlan);
  const iv = new Uint8Array(ivs.ivSizeBytes);
  ivs.ivAt(first, iv);
  return iv;
}

/** Digests of the file when it has the planned bytes. */
async function digestsIfRendered(
  { plan, encryptions }: PlannedEncryption,
  work: EncryptionWork,
  output: ByteSource,
  options: EncryptOptions,
): Promise<Digests | undefined> {
  if (plan.sizeBytes !== output.sizeBytes) return undefined;
  const digester = new Digester(wantedDigests(work.keys, options));
  const renderer = await ChunkRenderer.create(plan, work.source, processingSteps(work, encryptions));
  for (const { startBytes, bytes } of renderer.chunks(CHUNK_BYTES)) {
    const found = readBytes(output, startBytes, bytes.length);
    if (Buffer.compare(bytes, found) !== 0) return undefined;
    digester.update(bytes);
    await yieldToEventLoop(options.signal);
  }
  return digester.digests();
}
