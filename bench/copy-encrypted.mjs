// What any program in Node.js must at least take: reads a file, encrypts it as one AES-128-CTR stream by node:crypto, and writes it, on
// two threads. No MP4, no plan, no check. bench/encrypt.mjs runs it beside the others.
//
//   node bench/copy-encrypted.mjs in out

import { createCipheriv } from 'node:crypto';
import { fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const CHUNK_BYTES = 2 ** 20;
const CIPHER_CALL_BYTES = 2 ** 16;
const KEY = Buffer.alloc(16, 1);

/** As src/bytes/release.ts: memory sent through a closed port is free. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/** Takes chunks until there are no more; `taken` counts them over all threads. */
function work({ input, output, sizeBytes, taken }) {
  const memory = new Uint8Array(CHUNK_BYTES);
  const counter = Buffer.alloc(16);
  const next = () => Atomics.add(taken, 0, 1) * CHUNK_BYTES;
  for (let start = next(); start < sizeBytes; start = next()) {
    const bytes = memory.subarray(0, Math.min(CHUNK_BYTES, sizeBytes - start));
    readSync(input, bytes, 0, bytes.length, start);
    counter.writeUInt32BE(start / 16, 12);
    const cipher = createCipheriv('aes-128-ctr', KEY, counter);
    for (let at = 0; at < bytes.length; at += CIPHER_CALL_BYTES) {
      const encrypted = cipher.update(bytes.subarray(at, at + CIPHER_CALL_BYTES));
      bytes.set(encrypted, at);
      nowhere.postMessage(undefined, [encrypted.buffer]);
    }
    writeSync(output, bytes, 0, bytes.length, start);
  }
}

if (isMainThread) {
  const input = openSync(process.argv[2]);
  const output = openSync(process.argv[3], 'w');
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const job = { input, output, sizeBytes: fstatSync(input).size, taken };
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  const ended = new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  work(job);
  await ended;
} else {
  work(workerData);
}
