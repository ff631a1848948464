import { createHash } from 'node:crypto';
import type { ByteSource } from '../../bytes/source.js';

const CHUNK_BYTES = 2 ** 20;

/**
 * SHA-256 of all bytes of a source, one chunk a step.
 * @returns 64 hexadecimal digits
 * @throws PrpackError as the source
 */
export function* hashInSteps(source: ByteSource): Generator<undefined, string, undefined> {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, source.sizeBytes));
  for (let at = 0; at < source.sizeBytes; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, source.sizeBytes - at));
    source.readInto(part, at);
    hash.update(part);
    yield;
  }
  return hash.digest('hex');
}

/** {@link hashInSteps}, all steps at once. */
export function hashAtOnce(source: ByteSource): string {
  const steps = hashInSteps(source);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
