// What any program in Node.js must at least take: reads files, encrypts each as one AES-128-CTR stream by node:crypto, and writes it, on
// two threads. No MP4, no plan, no check. With --read-back, what is written is read back and gets a fingerprint, as prpack does it.
// bench/files.mjs and bench/ladder.mjs run it next to the others.
//
//   node bench/copy-encrypted.mjs [--threads 2] [--read-back] in out [in out …]

import { createCipheriv } from 'node:crypto';
import { fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const CHUNK_BYTES = 2 ** 20;
const CIPHER_CALL_BYTES = 2 ** 16;
const KEY = Buffer.alloc(16, 1);

/** As src/bytes/release.ts: memory sent through a closed port is free. */
const { port1: nowhere } = new MessageChannel();
nowhere.close();

/** Takes chunks of one file after another until there are no more; `taken` counts them over all threads. */
function work({ files, taken, readBack }) {
  const mac = readBack && createCipheriv('aes-128-gcm', KEY, Buffer.alloc(12));
  const memory = new Uint8Array(CHUNK_BYTES);
  const next = () => Atomics.add(taken, 0, 1);
  let index = next();
  let first = 0;
  for (const file of files) {
    const end = first + Math.ceil(file.sizeBytes / CHUNK_BYTES);
    for (; index < end; index = next()) {
      const start = (index - first) * CHUNK_BYTES;
      const bytes = memory.subarray(0, Math.min(CHUNK_BYTES, file.sizeBytes - start));
      encryptChunk(file, start, bytes);
      if (readBack) fingerprintChunk(file, start, bytes, mac);
    }
    first = end;
  }
}

function encryptChunk({ input, output }, start, bytes) {
  readSync(input, bytes, 0, bytes.length, start);
  const counter = Buffer.alloc(16);
  counter.writeUInt32BE(start / 16, 12);
  const cipher = createCipheriv('aes-128-ctr', KEY, counter);
  for (let at = 0; at < bytes.length; at += CIPHER_CALL_BYTES) {
    const encrypted = cipher.update(bytes.subarray(at, at + CIPHER_CALL_BYTES));
    bytes.set(encrypted, at);
    nowhere.postMessage(undefined, [encrypted.buffer]);
  }
  writeSync(output, bytes, 0, bytes.length, start);
}

function fingerprintChunk({ output }, start, bytes, mac) {
  readSync(output, bytes, 0, bytes.length, start);
  mac.setAAD(bytes);
}

function openPair(inputPath, outputPath) {
  const input = openSync(inputPath);
  return { input, output: openSync(outputPath, 'w+'), sizeBytes: fstatSync(input).size };
}

if (isMainThread) {
  const { values, positionals } = parseArgs({
    options: { threads: { type: 'string', default: '2' }, 'read-back': { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const files = [];
  for (let i = 0; i < positionals.length; i += 2) files.push(openPair(positionals[i], positionals[i + 1]));
  const taken = new Int32Array(new SharedArrayBuffer(4));
  const job = { files, taken, readBack: values['read-back'] };
  const others = Array.from({ length: Number(values.threads) - 1 }, () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: job });
    return new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  });
  work(job);
  await Promise.all(others);
} else {
  work(workerData);
}
