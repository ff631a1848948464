import { type ByteSource, readBytes } from '../../bytes/source.js';
import { createIvSource } from '../../cenc/iv.js';
import { createSampleCipher, type SampleCipher } from '../../cenc/sample-cipher.js';
import { SCHEMES } from '../../cenc/scheme.js';
import { sampleBytesOf } from '../../protection/coverage.js';
import type { ReadProtection } from '../../protection/protection-reader.js';
import {
  largestRangeOf,
  type TrackEncryption,
  totalProtectedBytes,
} from '../../protection/track-protection.js';
import type { EncryptExpectations } from './expectations.js';
import { failed } from './failure.js';
import { assertSameDefaults, assertSameProtection, kidOf } from './protection-comparison.js';

const SAMPLES_CHECKED = 64;

/** Compares the protection of one track, as it is read part by part, with the planned one, and tries the key. */
export class EncryptionCheck {
  readonly #encryption: TrackEncryption;
  readonly #expected: EncryptExpectations;
  readonly #output: ByteSource;
  readonly #chosen: readonly number[];
  readonly #ciphers = new Map<string, SampleCipher>();
  #first = 0;
  /** Of the samples so far, by what the output says. */
  protectedBytes = 0;

  constructor(encryption: TrackEncryption, expected: EncryptExpectations, output: ByteSource) {
    this.#encryption = encryption;
    this.#expected = expected;
    this.#output = output;
    const { count } = encryption.track.samples;
    this.#chosen = spread(count, expected.samplesChecked ?? SAMPLES_CHECKED);
  }

  async add(protections: readonly ReadProtection[]): Promise<void> {
    const { track } = this.#encryption;
    const found = protections.find((protection) => protection.track.id === track.id);
    if (!found) throw failed(`track ${track.id} is not encrypted`);
    assertSameDefaults(this.#encryption, found);
    const { count } = found.track.samples;
    if (count === 0) return; // its KID is in no sample's protection
    assertSameProtection(this.#encryption, this.#first, found);
    this.protectedBytes += totalProtectedBytes(found);
    const end = this.#first + count;
    for (const sample of this.#chosen) {
      if (sample >= this.#first && sample < end) await this.#decrypt(sample, found);
    }
    this.#first = end;
  }

  async #cipherOf(kid: string): Promise<SampleCipher> {
    const { keyOf, cipherOf } = this.#expected;
    const { scheme, pattern } = this.#encryption;
    const cipher =
      this.#ciphers.get(kid) ??
      (await (cipherOf?.(this.#encryption, kid) ??
        createSampleCipher(SCHEMES[scheme], pattern, keyOf(kid).revealBytes(), 'decrypt')));
    this.#ciphers.set(kid, cipher);
    return cipher;
  }

  assertSomeProtected(): void {
    const { track } = this.#encryption;
    if (this.protectedBytes > 0 || sampleBytesOf(track) === 0) return;
    throw failed(`nothing of track ${track.id} is protected`);
  }

  /** By what the output alone says of the sample; it must be the input's, and not have been before. */
  async #decrypt(sample: number, found: ReadProtection): Promise<void> {
    const { input } = this.#expected;
    const { track } = this.#encryption;
    const local = sample - this.#first;
    const size = track.samples.sizes[sample];
    const offset = track.samples.offsets[sample];
    const clear = input.view?.(offset, size) ?? readBytes(input, offset, size);
    const bytes = readBytes(this.#output, found.track.samples.offsets[local], size);
    const wasEncrypted = Buffer.compare(clear, bytes) !== 0;
    const kid = kidOf(found, local);
    if (kid !== undefined) {
      const cipher = await this.#cipherOf(kid);
      const ivs = createIvSource(found.ivPlan);
      const iv = new Uint8Array(ivs.ivSizeBytes);
      ivs.ivAt(local, iv);
      cipher.process(
        { bytes, at: 0, fromByte: 0, toByte: size, sizeBytes: size },
        iv,
        found.subsamples,
        local,
      );
      cipher.flush();
    }
    const where = `sample ${sample} of track ${track.id}`;
    if (Buffer.compare(clear, bytes) !== 0) throw failed(`${where} does not decrypt to the input's`);
    // A single block may encrypt to itself by chance in one of 2^128 cases, a byte in one of 256.
    const isLong = largestRangeOf(this.#encryption, sample) >= 16;
    if (!wasEncrypted && isLong) throw failed(`${where} is not encrypted`);
  }
}

/** At most `wanted` of the numbers below `count`, the first and the last among them. */
function spread(count: number, wanted: number): number[] {
  const chosen: number[] = [];
  const steps = Math.min(count, wanted);
  for (let step = 0; step < steps; step++) {
    chosen.push(steps === 1 ? 0 : Math.floor((step * (count - 1)) / (steps - 1)));
  }
  return chosen;
}
