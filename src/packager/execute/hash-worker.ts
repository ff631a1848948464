import { parentPort } from 'node:worker_threads';
import { FileSource } from '../../bytes/source.js';
import { packError } from '../../threads/sent-error.js';
import { hashAtOnce } from './hash-file.js';
import type { FromHasher } from './messages.js';

/** The code of a hashing thread: it hashes the files whose paths it is sent, one after the other. */

const port = parentPort!;

port.on('message', (path: string) => port.postMessage(answerTo(path)));

function answerTo(path: string): FromHasher {
  try {
    return { kind: 'hashed', sha256: hashFile(path) };
  } catch (error) {
    return { kind: 'failed', error: packError(error) };
  }
}

function hashFile(path: string): string {
  const source = new FileSource(path);
  try {
    return hashAtOnce(source);
  } finally {
    source.close();
  }
}
