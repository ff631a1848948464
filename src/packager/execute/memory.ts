import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a thread lets ciphers return before it is freed: little enough to stay in the caches of the processor. */
const GARBAGE_BYTES = 8 * 2 ** 20;

type Collector = (options: { type: 'minor' }) => void;

let collect: Collector | undefined;
let garbageBytes = 0;

/**
 * Frees what ciphers return while it is young. Each of their calls returns new memory outside of V8's heap, of which V8
 * takes notice only when some 64 MB have come together; then it marks the whole heap, on all cores. A collection of the
 * young generation takes half a millisecond and finds all of it.
 * @param lengthBytes so many bytes more went through ciphers of this thread
 */
export function freeCipherOutput(lengthBytes: number): void {
  garbageBytes += lengthBytes;
  if (garbageBytes < GARBAGE_BYTES) return;
  garbageBytes = 0;
  collect ??= youngCollector();
  collect({ type: 'minor' });
}

/** V8 shows its collector only to contexts that are made after it was asked to. */
function youngCollector(): Collector {
  setFlagsFromString('--expose-gc');
  return runInNewContext('globalThis.gc') ?? (() => {});
}
