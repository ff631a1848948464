import { keyOfFingerprint } from '../../bytes/fingerprint.js';
import { openInput } from '../../bytes/input.js';
import type { ByteSource } from '../../bytes/source.js';
import { yieldToEventLoop } from '../event-loop.js';
import { fingerprintInSteps } from './fingerprint-steps.js';

/** Fingerprint of a file, or of what a URL leads to, under a key, 64 hexadecimal digits. */
export function fingerprintOf(path: string, key: string, signal: AbortSignal | undefined): Promise<string> {
  return withInput(path, signal, (source) => fingerprintOfSource(source, key, signal));
}

/** Whether a file is the one that a fingerprint was taken of: never, where the text is something else. */
export function hasFingerprint(
  path: string,
  fingerprint: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return withInput(path, signal, (source) => sourceHasFingerprint(source, fingerprint, signal));
}

/** {@link hasFingerprint} of all bytes of a source. */
export async function sourceHasFingerprint(
  source: ByteSource,
  fingerprint: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const key = keyOfFingerprint(fingerprint);
  return key !== undefined && (await fingerprintOfSource(source, key, signal)) === fingerprint;
}

async function withInput<T>(
  path: string,
  signal: AbortSignal | undefined,
  work: (source: ByteSource) => Promise<T>,
): Promise<T> {
  const source = await openInput(path, signal);
  try {
    return await work(source);
  } finally {
    source.close();
  }
}

async function fingerprintOfSource(
  source: ByteSource,
  key: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const steps = fingerprintInSteps(source, key);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await yieldToEventLoop(signal);
  }
}
