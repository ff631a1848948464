import { parentPort } from 'node:worker_threads';
import { FileSource } from '../../bytes/source.js';
import { packError } from '../../threads/sent-error.js';
import { fingerprintAtOnce } from './fingerprint-steps.js';
import type { FromFingerprinter, ToFingerprinter } from './messages.js';

/** The code of a fingerprinting thread: it takes the fingerprints of the files that it is sent, one after the other. */

const port = parentPort!;

port.on('message', (file: ToFingerprinter) => port.postMessage(answerTo(file)));

function answerTo(file: ToFingerprinter): FromFingerprinter {
  try {
    return { kind: 'taken', fingerprint: fingerprintOf(file) };
  } catch (error) {
    return { kind: 'failed', error: packError(error) };
  }
}

function fingerprintOf({ path, key }: ToFingerprinter): string {
  const source = new FileSource(path);
  try {
    return fingerprintAtOnce(source, key);
  } finally {
    source.close();
  }
}
