import { createIvSource, type IvPlan, type IvSource } from '../../cenc/iv.js';
import { createSampleCipher, type SampleCipher } from '../../cenc/sample-cipher.js';
import { SCHEMES } from '../../cenc/scheme.js';
import type { SubsampleTable } from '../../cenc/subsamples.js';
import { firstEndingAfter, type SamplePlaces } from '../../isobmff/sample-table.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { TrackProtection } from '../plan/track-protection.js';

/**
 * A track's protection as plain data with columns on shared memory: worker threads are sent it without a copy, but for
 * the keys, which lie in memory of their own.
 */
export interface TrackTask {
  readonly scheme: TrackProtection['scheme'];
  readonly samples: SamplePlaces;
  readonly ivPlan: IvPlan;
  readonly subsamples: SubsampleTable | undefined;
  readonly keyNumbers: Uint8Array | undefined;
  /** One a KID; undefined when samples under it are not to be touched. */
  readonly keys: readonly (Uint8Array | undefined)[];
}

/**
 * What is to be done with the samples of the tracks.
 * @param keyOf the content key of a KID; undefined when samples under it are not to be touched
 * @param holdKey where the bytes of a key are put
 */
export function tasksOf(
  protections: readonly TrackProtection[],
  keyOf: (kid: string) => ContentKey | undefined,
  holdKey: (bytes: Uint8Array) => Uint8Array,
): TrackTask[] {
  return protections.map(({ track, scheme, ivPlan, subsamples, keyNumbers, kids }) => {
    const { count, offsets, sizes, byOffset } = track.samples;
    const keys = kids.map((kid) => {
      const key = keyOf(kid);
      return key && holdKey(key.revealBytes());
    });
    return { scheme, samples: { count, offsets, sizes, byOffset }, ivPlan, subsamples, keyNumbers, keys };
  });
}

interface Track extends Omit<TrackTask, 'keys'> {
  readonly ivs: IvSource;
  readonly iv: Uint8Array;
  readonly ciphers: readonly (SampleCipher | undefined)[];
}

/** Turns samples from clear to protected or back, whatever stretch of the file they are met in: in CTR mode it is the same. */
export class SampleProcessor {
  readonly #tracks: readonly Track[];

  private constructor(tracks: readonly Track[]) {
    this.#tracks = tracks;
  }

  static async create(tasks: readonly TrackTask[]): Promise<SampleProcessor> {
    return new SampleProcessor(await Promise.all(tasks.map(prepare)));
  }

  /**
   * Changes the samples that lie in a piece of the input, wholly or in part; for certain only after {@link flush}.
   * @param bytes hold the piece from `at` on
   * @param inputBytes where in the input the piece is
   */
  process(bytes: Uint8Array, at: number, lengthBytes: number, inputBytes: number): void {
    for (const track of this.#tracks) processOverlap(track, bytes, at, lengthBytes, inputBytes);
  }

  flush(): void {
    for (const { ciphers } of this.#tracks) for (const cipher of ciphers) cipher?.flush();
  }
}

async function prepare({ keys, ...task }: TrackTask): Promise<Track> {
  const ivs = createIvSource(task.ivPlan);
  const ciphers = keys.map((key) => key && createSampleCipher(SCHEMES[task.scheme], key));
  return { ...task, ivs, iv: new Uint8Array(ivs.ivSizeBytes), ciphers: await Promise.all(ciphers) };
}

function processOverlap(
  track: Track,
  bytes: Uint8Array,
  at: number,
  lengthBytes: number,
  inputBytes: number,
): void {
  const { samples, subsamples, keyNumbers, ivs, iv, ciphers } = track;
  const { offsets, sizes, byOffset, count } = samples;
  const endBytes = inputBytes + lengthBytes;
  for (let position = firstEndingAfter(samples, inputBytes); position < count; position++) {
    const sample = byOffset ? byOffset[position] : position;
    const offset = offsets[sample];
    if (offset >= endBytes) return;
    const cipher = ciphers[(keyNumbers ? keyNumbers[sample] : 1) - 1];
    if (!cipher) continue;
    const fromByte = Math.max(0, inputBytes - offset);
    const toByte = Math.min(sizes[sample], endBytes - offset);
    ivs.ivAt(sample, iv);
    cipher.process(
      { bytes, at: at + offset + fromByte - inputBytes, fromByte, toByte },
      iv,
      subsamples,
      sample,
    );
  }
}
