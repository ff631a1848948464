import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { BorrowedSource } from '../../bytes/source.js';
import { type FromHasher, packError, type ToHasher } from './messages.js';

/** The code of the thread that hashes the output behind those that write it: what it reads back is still in memory. */

const CHUNK_BYTES = 2 ** 18;

const port = parentPort!;
const hash = createHash('sha256');
const chunk = new Uint8Array(CHUNK_BYTES);
let output: BorrowedSource | undefined;
let hashedBytes = 0;

port.on('message', (message: ToHasher) => {
  try {
    if (message.kind === 'start')
      output = new BorrowedSource({ ...message.output, sizeBytes: message.sizeBytes });
    else hashUpTo(message.upToBytes);
    if (hashedBytes === output!.sizeBytes) answer({ kind: 'hashed', sha256: hash.digest('hex') });
  } catch (error) {
    answer({ kind: 'failed', error: packError(error) });
  }
});

function hashUpTo(endBytes: number): void {
  while (hashedBytes < endBytes) {
    const part = chunk.subarray(0, Math.min(CHUNK_BYTES, endBytes - hashedBytes));
    output!.readInto(part, hashedBytes);
    hash.update(part);
    hashedBytes += part.length;
  }
}

function answer(message: FromHasher): void {
  port.postMessage(message);
}
