import type { SequenceSource } from '../../../bytes/file-sequence.js';
import type { AbortSignal } from '../../../bytes/platform.js';
import type { DirectorySink } from '../../../bytes/sinks/directory-sink.js';
import type { PlannedFile } from '../../../bytes/sinks/staged-folder.js';
import type { ByteSource } from '../../../bytes/source.js';
import { aboutFile } from '../../../errors.js';
import { checkSmooth } from '../../../manifest/check/check-smooth.js';
import { assertEqual } from '../../check/failure.js';
import { checkPiff } from '../../check/piff-check.js';
import type { WantedDigests } from '../../digests.js';
import { yieldToEventLoop } from '../../event-loop.js';
import { executePlans } from '../../execute/execute.js';
import type { WrittenOutput } from '../../publication.js';
import { newOutputsOf, type TitlePlan } from '../folder-plan.js';
import { openPublished } from '../published-tracks.js';
import type { PackageOptions } from '../types.js';
import type { SmoothOutput } from './plan.js';

/**
 * Writes the media of Smooth Streaming: the encrypted samples that the staged media has, in other boxes. Nothing is encrypted twice, and
 * no key is needed.
 */
export async function writeSmoothMedia(
  plan: TitlePlan,
  sink: DirectorySink,
  { signal, onProgress }: PackageOptions,
  digests: WantedDigests,
): Promise<WrittenOutput[]> {
  const bytesTotal = plan.plan.sizeBytes;
  let bytesBefore = newOutputsOf(plan.outputs).reduce((sum, { plan: { sizeBytes } }) => sum + sizeBytes, 0);
  const written: WrittenOutput[] = [];
  for (const smooth of plan.smooth?.outputs ?? []) {
    const onBytes = (bytes: number) =>
      onProgress?.({ phase: 'write', bytesDone: bytesBefore + bytes, bytesTotal });
    const [taken] = await withEncrypted(plan, sink, smooth, (source) => {
      const { name, files } = smooth;
      const output = (files ? sink.createFolder(name, files) : sink.create(name, 'media')).handle;
      return executePlans([{ plan: smooth.plan, source, steps: [], output, digests }], {
        signal,
        onBytes,
      });
    });
    bytesBefore += smooth.plan.sizeBytes;
    written.push({ keys: [smooth.of.key], ...taken });
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
      const { times, of, plan: layout, files } = smooth;
      const output = files
        ? new HeadedSource(layout.head, openFragments(sink, smooth, files))
        : sink.reopen(smooth.name);
      const sizeBytes = layout.sizeBytes + (files ? layout.head.length : 0);
      try {
        const hasIndex = files === undefined;
        await checkPiff(output, { encrypted, encryption: of.encryption, times, sizeBytes, hasIndex }, () =>
          yieldToEventLoop(signal),
        );
      } catch (error) {
        throw aboutFile(error, smooth.name);
      } finally {
        output.close();
      }
    });
  }
  const [{ name: path, text }] = manifests;
  const folders = outputs.flatMap(({ name, files }) => files?.map((file) => `${name}/${file.name}`) ?? []);
  checkSmooth(text, { path, presentation, ...(folders.length > 0 && { fragmentUris: new Set(folders) }) });
}

/** The fragments of a level, one behind the other; each is there whole. */
function openFragments(
  sink: DirectorySink,
  { name }: SmoothOutput,
  files: readonly PlannedFile[],
): SequenceSource {
  const source = sink.reopenFolder(name);
  const sizes = source.sizesBytes;
  for (const [i, file] of files.entries()) {
    assertEqual(`the size of ${name}/${file.name}`, file.sizeBytes, sizes[i]);
  }
  return source;
}

/** Fragments behind the header that clients make of the manifest. */
class HeadedSource implements ByteSource {
  readonly path: string;
  readonly sizeBytes: number;
  readonly #head: Uint8Array;
  readonly #source: ByteSource;

  constructor(head: Uint8Array, source: ByteSource) {
    this.path = source.path;
    this.sizeBytes = head.length + source.sizeBytes;
    this.#head = head;
    this.#source = source;
  }

  readInto(target: Uint8Array, offsetBytes: number): void {
    const ofHead = this.#head.subarray(offsetBytes, offsetBytes + target.length);
    target.set(ofHead);
    if (ofHead.length === target.length) return;
    const from = offsetBytes + ofHead.length - this.#head.length;
    this.#source.readInto(target.subarray(ofHead.length), from);
  }

  close(): void {
    this.#source.close();
  }
}

/** The media of DASH and HLS that has the samples: staged, or published before. */
async function withEncrypted<T>(
  { outputs }: TitlePlan,
  sink: DirectorySink,
  { of }: SmoothOutput,
  work: (encrypted: ByteSource) => Promise<T>,
): Promise<T> {
  const { name, files, published } = outputs.find(({ track }) => track.id === of.track.id)!;
  const encrypted = published
    ? openPublished(sink.path, published.file)
    : files
      ? sink.reopenFolder(name)
      : sink.reopen(name);
  try {
    return await work(encrypted);
  } finally {
    encrypted.close();
  }
}
