import type { AbortSignal } from '../../../bytes/platform.js';
import type { DirectorySink } from '../../../bytes/sinks/directory-sink.js';
import type { ByteSource } from '../../../bytes/source.js';
import { aboutFile } from '../../../errors.js';
import { checkSmooth } from '../../../manifest/check/check-smooth.js';
import { checkPiff } from '../../check/piff-check.js';
import { yieldToEventLoop } from '../../event-loop.js';
import { executePlans } from '../../execute/execute.js';
import type { WrittenOutput } from '../../publication.js';
import type { TitlePlan } from '../folder-plan.js';
import type { PackageOptions } from '../types.js';
import { SMOOTH_CLIENT_MANIFEST, type SmoothOutput } from './plan.js';

/**
 * Writes the media of Smooth Streaming: the encrypted samples that the staged media has, in other boxes. Nothing is encrypted twice, and
 * no key is needed.
 */
export async function writeSmoothMedia(
  plan: TitlePlan,
  sink: DirectorySink,
  { signal, onProgress }: PackageOptions,
): Promise<WrittenOutput[]> {
  const bytesTotal = plan.plan.sizeBytes;
  let bytesBefore = plan.outputs.reduce((sum, { plan: { sizeBytes } }) => sum + sizeBytes, 0);
  const written: WrittenOutput[] = [];
  for (const smooth of plan.smooth?.outputs ?? []) {
    const onBytes = (bytes: number) =>
      onProgress?.({ phase: 'write', bytesDone: bytesBefore + bytes, bytesTotal });
    const [{ sha256 }] = await withEncrypted(plan, sink, smooth, (source) => {
      const output = sink.create(smooth.name, 'media').handle;
      return executePlans([{ plan: smooth.plan, source, steps: [], output, fingerprint: true }], {
        signal,
        onBytes,
      });
    });
    bytesBefore += smooth.plan.sizeBytes;
    written.push({ keys: [smooth.of.key], sha256 });
  }
  return written;
}

/**
 * Reads the media and the client manifest of Smooth Streaming back.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkSmoothMedia(
  plan: TitlePlan,
  sink: DirectorySink,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!plan.smooth) return;
  const { outputs, manifests, presentation } = plan.smooth;
  for (const smooth of outputs) {
    await withEncrypted(plan, sink, smooth, async (encrypted) => {
      const output = sink.reopen(smooth.name);
      try {
        const { times, of, plan: layout } = smooth;
        await checkPiff(output, { encrypted, encryption: of.encryption, times, sizeBytes: layout.sizeBytes });
      } catch (error) {
        throw aboutFile(error, smooth.name);
      } finally {
        output.close();
      }
    });
    await yieldToEventLoop(signal);
  }
  const { name: path, text } = manifests.find(({ name }) => name === SMOOTH_CLIENT_MANIFEST)!;
  checkSmooth(text, { path, presentation });
}

/** The staged media of DASH and HLS that has the samples. */
async function withEncrypted<T>(
  { outputs }: TitlePlan,
  sink: DirectorySink,
  { of }: SmoothOutput,
  work: (encrypted: ByteSource) => Promise<T>,
): Promise<T> {
  const { name, files } = outputs.find(({ track }) => track.id === of.track.id)!;
  const encrypted = files ? sink.reopenFolder(name) : sink.reopen(name);
  try {
    return await work(encrypted);
  } finally {
    encrypted.close();
  }
}
