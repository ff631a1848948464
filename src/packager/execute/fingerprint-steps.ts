import { Fingerprint } from '../../bytes/fingerprint.js';
import type { ByteSource } from '../../bytes/source.js';

const CHUNK_BYTES = 2 ** 20;

/**
 * Fingerprint of all bytes of a source under a key, one chunk a step.
 * @returns 64 hexadecimal digits
 * @throws PrpackError as the source
 */
export function* fingerprintInSteps(
  source: ByteSource,
  key: string,
): Generator<undefined, string, undefined> {
  const fingerprint = new Fingerprint(key);
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, source.sizeBytes));
  for (let at = 0; at < source.sizeBytes; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, source.sizeBytes - at));
    source.readInto(part, at);
    fingerprint.update(part);
    yield;
  }
  return fingerprint.digest();
}

/** {@link fingerprintInSteps}, all steps at once. */
export function fingerprintAtOnce(source: ByteSource, key: string): string {
  const steps = fingerprintInSteps(source, key);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
