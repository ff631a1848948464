import { parentPort } from 'node:worker_threads';
import { BorrowedSource } from '../../bytes/source.js';
import { packError } from '../../threads/sent-error.js';
import type { FromWriter, ToWriter } from './messages.js';
import { ChunkWriter } from './writer.js';

/** The code of a writing thread. It imports nothing that it does not need: it is loaded once a thread. */

const port = parentPort!;
let writer: ChunkWriter | undefined;
let work = Promise.resolve();

port.on('message', (message: ToWriter) => {
  work = work.then(() => handle(message)).catch(fail);
});

async function handle(message: ToWriter): Promise<void> {
  if (message.kind === 'start') {
    const targets = message.targets.map(({ input, ...target }) => ({
      ...target,
      source: new BorrowedSource(input),
    }));
    writer = new ChunkWriter(targets);
    return;
  }
  const { chunk, memory } = message;
  await writer!.write(chunk, memory);
  answer({ kind: 'written', output: chunk.output, startBytes: chunk.startBytes, memory }, [memory]);
}

/** Reports why; what else is queued here does not matter any more, as the thread will be stopped. */
function fail(error: unknown): void {
  answer({ kind: 'failed', error: packError(error) });
}

function answer(message: FromWriter, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}
