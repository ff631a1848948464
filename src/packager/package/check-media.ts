import type { SequenceSource } from '../../bytes/file-sequence.js';
import type { DirectorySink } from '../../bytes/sinks/directory-sink.js';
import type { ByteSource } from '../../bytes/source.js';
import { aboutFile } from '../../errors.js';
import type { Addressing } from '../../manifest/addressing.js';
import type { Presentation } from '../../manifest/presentation.js';
import type { SegmentExpectations } from '../check/expectations.js';
import { assertEqual, checking, failed } from '../check/failure.js';
import { checkEncrypted } from '../check.js';
import type { TitleJob, TitleOutput } from './folder-plan.js';

/** A track as it was written. */
interface WrittenMedia {
  /** All of its files as one. */
  readonly source: ByteSource;
  /** Sizes in bytes by URIs. */
  readonly sizes: ReadonlyMap<string, number>;
}

/**
 * Reads a track back: the size of each of its files, its samples, and where its segments begin, by what manifests will say of them.
 * @param pause called now and then, for the writing of other tracks
 * @returns sizes in bytes of its files, by their URIs
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export async function checkMedia(
  output: TitleOutput,
  { keys }: TitleJob,
  presentation: Presentation,
  sink: DirectorySink,
  pause: () => Promise<void>,
): Promise<ReadonlyMap<string, number>> {
  const { name, track, plan, encryption } = output;
  try {
    return await checking(async () => {
      const { source, sizes } = reopen(output, sink);
      try {
        const expected = {
          input: track.source,
          movie: track.movie,
          sizeBytes: plan.sizeBytes,
          encryptions: [encryption],
          keyOf: (kid: string) => keys.find((key) => key.kid === kid)!.key,
          delaysTicks: plan.delaysTicks,
          segments: segmentsOf(addressingOf(output, presentation), plan.places.initBytes),
        };
        await checkEncrypted(source, expected, pause);
        return sizes;
      } finally {
        source.close();
      }
    });
  } catch (error) {
    throw aboutFile(error, name);
  }
}

function reopen({ name, files }: TitleOutput, sink: DirectorySink): WrittenMedia {
  if (!files) {
    const source = sink.reopen(name);
    return { source, sizes: new Map([[name, source.sizeBytes]]) };
  }
  const source = reopenFolder(name, sink);
  const sizes = source.sizesBytes;
  for (const [i, file] of files.entries()) assertEqual(`the size of ${file.name}`, file.sizeBytes, sizes[i]);
  return { source, sizes: new Map(files.map((file, i) => [`${name}/${file.name}`, sizes[i]])) };
}

function reopenFolder(name: string, sink: DirectorySink): SequenceSource {
  try {
    return sink.reopenFolder(name);
  } catch (error) {
    throw failed((error as Error).message, error); // which file is missing
  }
}

function addressingOf({ representationId }: TitleOutput, { switchingSets }: Presentation): Addressing {
  const representations = switchingSets.flatMap((set) => [...set.representations]);
  return representations.find(({ id }) => id === representationId)!.addressing as Addressing;
}

function segmentsOf(addressing: Addressing, initBytes: number): SegmentExpectations {
  const startTicks = addressing.segments.map((segment) => segment.startTicks);
  if (addressing.kind === 'file') {
    const startBytes = addressing.segments.map(({ offsetBytes }) => offsetBytes);
    return { startBytes, startTicks, hasStyp: false };
  }
  let endBytes = initBytes;
  const startBytes = addressing.segments.map(({ sizeBytes }) => {
    endBytes += sizeBytes;
    return endBytes - sizeBytes;
  });
  return { startBytes, startTicks, hasStyp: true };
}
