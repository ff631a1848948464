import type { MessagePort } from 'node:worker_threads';

/** Thousands of pieces below this size fit into the caches of a processor. */
const WORTH_RELEASING_BYTES = 4096;

/** A small file need not make a port for what it leaves. */
const LEFT_TO_COLLECTIONS_BYTES = 2 ** 21;

let leftBytes = 0;
let nowhere: MessagePort | undefined;

/**
 * Gives the memory of `bytes` back at once. Memory outside of V8's heap, such as ciphers return, otherwise waits for a
 * garbage collection, and V8 makes none before tens of megabytes have come together, which the caches of a processor do not hold.
 * @param bytes nobody else uses their memory; mostly empty afterwards. Bytes that are a part of their memory or lie in shared memory are
 *   left alone, and so are few, which cost less than the giving back, and the first two megabytes of a thread
 */
export function release(bytes: ArrayBufferView): void {
  const { byteLength, buffer } = bytes;
  if (byteLength !== buffer.byteLength || byteLength < WORTH_RELEASING_BYTES) return;
  if (buffer instanceof SharedArrayBuffer) return;
  if (leftBytes < LEFT_TO_COLLECTIONS_BYTES) {
    leftBytes += byteLength;
    return;
  }
  nowhere ??= closedPort();
  nowhere.postMessage(undefined, [buffer]);
}

/** What is handed over through a closed port is lost to its owner, and nobody gets it. */
function closedPort(): MessagePort {
  const { port1 } = new MessageChannel();
  port1.close();
  return port1;
}
