import { parentPort, workerData } from 'node:worker_threads';
import { BlockLoader, type ReadRange } from './block-loader.js';
import { storeFor } from './block-stores.js';
import {
  ANSWERED,
  type Answer,
  type FetcherData,
  HEARTBEAT,
  HEARTBEAT_MS,
  type Opened,
  packError,
} from './messages.js';
import { rangeReaderOf } from './range-reader.js';

/** The code of the fetching thread: opens the file, then answers block numbers with the slots that hold the blocks. */

const { location, limits, memory, blockBytes, control, port } = workerData as FetcherData;
const counters = new Int32Array(control);

setInterval(() => Atomics.add(counters, HEARTBEAT, 1), HEARTBEAT_MS);

try {
  const reader = await rangeReaderOf(location, limits);
  const sizeBytes = await reader.open();
  const store = storeFor(sizeBytes, new Uint8Array(memory), blockBytes);
  const read: ReadRange = (start, end, onBytes) => reader.read(start, end, onBytes);
  const loader = new BlockLoader(read, sizeBytes, store, reader.ahead);
  port.on('message', (block: number) => {
    loader.load(block).then(
      (slot) => answer({ slot }),
      (error) => answer({ error: packError(error) }),
    );
  });
  opened({ sizeBytes, fd: store.fd });
} catch (error) {
  opened({ error: packError(error) });
}

function opened(message: Opened): void {
  parentPort!.postMessage(message);
}

function answer(message: Answer): void {
  port.postMessage(message);
  Atomics.add(counters, ANSWERED, 1);
  Atomics.notify(counters, ANSWERED);
}
