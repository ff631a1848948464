import { parentPort, workerData } from 'node:worker_threads';
import { BlockLoader } from './block-loader.js';
import {
  ANSWERED,
  type Answer,
  type FetcherData,
  HEARTBEAT,
  HEARTBEAT_MS,
  type Opened,
  packError,
} from './messages.js';
import { RangeClient } from './range-client.js';

/** The code of the fetching thread: opens the file, then answers block numbers with the slots that hold the blocks. */

const { location, limits, blocks, blockBytes, control, port } = workerData as FetcherData;
const counters = new Int32Array(control);
const client = new RangeClient(location, limits);

setInterval(() => Atomics.add(counters, HEARTBEAT, 1), HEARTBEAT_MS);

try {
  const sizeBytes = await client.open();
  const memory = { bytes: new Uint8Array(blocks), blockBytes };
  const loader = new BlockLoader(
    (start, end, onBytes) => client.read(start, end, onBytes),
    sizeBytes,
    memory,
  );
  port.on('message', (block: number) => {
    loader.load(block).then(
      (slot) => answer({ slot }),
      (error) => answer({ error: packError(error) }),
    );
  });
  opened({ sizeBytes });
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
