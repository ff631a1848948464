import type { Direction } from '../../cenc/aes.js';
import { createIvSource, type IvPlan, type IvSource } from '../../cenc/iv.js';
import { type SampleCipher, sampleCipherMaker } from '../../cenc/sample-cipher.js';
import { type Pattern, SCHEMES, type SchemeName } from '../../cenc/scheme.js';
import type { SubsampleTable } from '../../cenc/subsamples.js';
import { firstEndingAfter, type SamplePlaces } from '../../isobmff/sample-table.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { TrackProtection } from '../../protection/track-protection.js';
import { KnownCiphers, PassingCiphers, type TrackCiphers } from './track-ciphers.js';

/** What is done to samples on their way: decryption under the keys that they have, or encryption under new ones. */
export interface ProcessingStep {
  readonly direction: Direction;
  readonly protections: readonly TrackProtection[];
  /** The content key of a KID; undefined when samples under it are not to be touched. */
  readonly keyOf: (kid: string) => ContentKey | undefined;
}

/**
 * A track's protection as plain data with columns on shared memory: worker threads are sent it without a copy, but for
 * the keys, which lie in memory of their own.
 */
export interface TrackTask {
  readonly direction: Direction;
  readonly scheme: SchemeName;
  readonly pattern: Pattern;
  readonly samples: SamplePlaces;
  readonly ivPlan: IvPlan;
  readonly subsamples: SubsampleTable | undefined;
  readonly keyNumbers: TrackProtection['keyNumbers'];
  /** One a KID; undefined when samples under it are not to be touched. */
  readonly keys: readonly (Uint8Array | undefined)[];
}

/**
 * The tasks of a step, one a track.
 * @param holdKey where the bytes of a key are put
 */
export function tasksOf(
  { direction, protections, keyOf }: ProcessingStep,
  holdKey: (bytes: Uint8Array) => Uint8Array,
): TrackTask[] {
  return protections.map(({ track, scheme, pattern, ivPlan, subsamples, keyNumbers, kids }) => {
    const { count, offsets, sizes, byOffset } = track.samples;
    const keys = kids.map((kid) => {
      const key = keyOf(kid);
      return key && holdKey(key.revealBytes());
    });
    const samples = { count, offsets, sizes, byOffset };
    return { direction, scheme, pattern, samples, ivPlan, subsamples, keyNumbers, keys };
  });
}

/** The samples that can be processed only whole: a chain of blocks has no middle to start from. */
export function wholeSamplesOf(tasks: readonly TrackTask[]): SamplePlaces[] {
  return tasks.filter(({ scheme }) => SCHEMES[scheme].cipherMode === 'cbc').map(({ samples }) => samples);
}

interface Track extends Omit<TrackTask, 'keys' | 'direction'> {
  readonly ivs: IvSource;
  readonly iv: Uint8Array;
  readonly ciphers: TrackCiphers;
}

/** What the cipher of a track's samples follows from, but for the key. */
export type SampleProtection = Pick<TrackProtection, 'scheme' | 'pattern'>;

/** The cipher of the samples under a KID. */
export type CipherOf = (protection: SampleProtection, kid: string) => SampleCipher | Promise<SampleCipher>;

/** Carries one step out on whatever pieces of the file its samples are met in. */
export class SampleProcessor {
  readonly #tracks: readonly Track[];

  private constructor(tracks: readonly Track[]) {
    this.#tracks = tracks;
  }

  /** @param tasks of one step: no two of them share samples */
  static async create(tasks: readonly TrackTask[]): Promise<SampleProcessor> {
    return new SampleProcessor(await Promise.all(tasks.map(prepare)));
  }

  /**
   * Encrypts a part of a movie, by ciphers that were made for other parts already.
   * @param cipherOf the cipher of a KID
   */
  static async ofPart(protections: readonly TrackProtection[], cipherOf: CipherOf): Promise<SampleProcessor> {
    const tracks: Track[] = [];
    for (const protection of protections) {
      const { track, scheme, pattern, ivPlan, subsamples, keyNumbers, kids } = protection;
      const ivs = createIvSource(ivPlan);
      const known: SampleCipher[] = [];
      for (const kid of kids) known.push(await cipherOf(protection, kid));
      const ciphers = new KnownCiphers(known);
      const iv = new Uint8Array(ivs.ivSizeBytes);
      const { samples } = track;
      tracks.push({ scheme, pattern, samples, ivPlan, subsamples, keyNumbers, ivs, iv, ciphers });
    }
    return new SampleProcessor(tracks);
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
    for (const { ciphers } of this.#tracks) ciphers.flush();
  }
}

async function prepare({ keys, ...task }: TrackTask): Promise<Track> {
  const { scheme, pattern, direction } = task;
  const ivs = createIvSource(task.ivPlan);
  const makeCipher = await sampleCipherMaker(SCHEMES[scheme], pattern, direction);
  const ciphers = new PassingCiphers(keys, makeCipher);
  return { ...task, ivs, iv: new Uint8Array(ivs.ivSizeBytes), ciphers };
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
    const cipher = ciphers.of(keyNumbers ? keyNumbers[sample] : 1);
    if (!cipher) continue;
    const fromByte = Math.max(0, inputBytes - offset);
    const sizeBytes = sizes[sample];
    const toByte = Math.min(sizeBytes, endBytes - offset);
    ivs.ivAt(sample, iv);
    cipher.process(
      { bytes, at: at + offset + fromByte - inputBytes, fromByte, toByte, sizeBytes },
      iv,
      subsamples,
      sample,
    );
  }
}
