import { parentPort } from 'node:worker_threads';
import { BorrowedSource, type ByteSource } from '../../bytes/source.js';
import { type OutputHandle, writeFully } from '../../bytes/write.js';
import { type FromWriter, packError, type ToWriter } from './messages.js';
import { SampleProcessor } from './sample-processor.js';
import { renderStretch, type Stretch } from './stretch.js';

/** The code of a writing thread. It imports nothing that it does not need: it is loaded once a thread. */

const port = parentPort!;
let writer: Writer | undefined;
let work = Promise.resolve();

port.on('message', (message: ToWriter) => {
  work = work.then(() => handle(message)).catch(fail);
});

async function handle(message: ToWriter): Promise<void> {
  if (message.kind === 'start') {
    writer = await Writer.create(message);
    return;
  }
  const { startBytes, lengthBytes } = message.stretch;
  writer!.write(message.stretch);
  answer({ kind: 'written', startBytes, lengthBytes });
}

/** Tells why; what else is queued here does not matter any more, as the thread will be stopped. */
function fail(error: unknown): void {
  answer({ kind: 'failed', error: packError(error) });
}

function answer(message: FromWriter): void {
  port.postMessage(message);
}

/** Renders and writes stretches, by one buffer. */
class Writer {
  readonly #source: ByteSource;
  readonly #output: OutputHandle;
  readonly #processor: SampleProcessor;
  readonly #buffer: Uint8Array;

  private constructor(
    source: ByteSource,
    output: OutputHandle,
    processor: SampleProcessor,
    buffer: Uint8Array,
  ) {
    this.#source = source;
    this.#output = output;
    this.#processor = processor;
    this.#buffer = buffer;
  }

  static async create(start: Extract<ToWriter, { kind: 'start' }>): Promise<Writer> {
    const processor = await SampleProcessor.create(start.tasks);
    return new Writer(
      new BorrowedSource(start.input),
      start.output,
      processor,
      new Uint8Array(start.stretchBytes),
    );
  }

  write(stretch: Stretch): void {
    const target = this.#buffer.subarray(0, stretch.lengthBytes);
    renderStretch(stretch, target, this.#source, this.#processor);
    writeFully(this.#output, target, stretch.startBytes);
  }
}
