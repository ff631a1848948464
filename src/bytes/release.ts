import { MessageChannel } from 'node:worker_threads';

/** Who is sent memory through a channel that is closed at the other end loses it, and nobody gets it. */
const { port1: nowhere, port2: otherEnd } = new MessageChannel();
otherEnd.close();

/**
 * Gives the memory of `bytes` back at once. Memory outside of V8's heap, such as ciphers return, otherwise waits for a
 * garbage collection, and V8 makes none before tens of megabytes have come together, which the caches of a processor do not hold.
 * @param bytes nobody else uses their memory; empty afterwards. Bytes that are a part of their memory are left alone
 */
export function release(bytes: Uint8Array): void {
  if (bytes.length === bytes.buffer.byteLength) nowhere.postMessage(undefined, [bytes.buffer as ArrayBuffer]);
}
