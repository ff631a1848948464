import { basename } from 'node:path';
import type { MultiBar, SingleBar } from 'cli-progress';
import type { BatchEvent, Progress, ResultLine } from '../../index.js';
import type { OutputFlags } from '../options/output.js';
import { formatBatchLine } from './batch-text.js';
import { writeError, writeMessage } from './streams.js';
import { type Style, styleOf } from './style.js';
import { printable } from './units.js';

/** Tells a user how far a batch is; `stop` puts the terminal back as it was, and may be called twice. */
export interface BatchProgress {
  readonly onEvent: (event: BatchEvent) => void;
  readonly stop: () => void;
}

/**
 * On a terminal, a bar for the whole and one for each large file in work, with failures above them; else a line for each file that
 * ended. With --quiet failures only, with --json nothing.
 */
export async function createBatchProgress(
  flags: OutputFlags,
  stream: NodeJS.WriteStream,
): Promise<BatchProgress> {
  if (flags.json) return { onEvent: () => {}, stop: () => {} };
  const style = styleOf(stream);
  if (flags.quiet || !stream.isTTY) return lines(style);
  const { MultiBar: Bars } = (await import('cli-progress')).default;
  const bars = new Bars({
    stream,
    format: '{bar} {percentage}%  {what}',
    barsize: Math.max(8, Math.min(30, stream.columns - 50)),
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false, // signals are handled once, in interrupt.ts
    emptyOnZero: true,
  });
  const view = new BarView(bars, stream, style);
  return { onEvent: (event) => view.take(event), stop: () => view.stop() };
}

function lines(style: Style): BatchProgress {
  const onEvent = (event: BatchEvent) => {
    if (event.kind !== 'ended') return;
    const write = event.line.status === 'failed' ? writeError : writeMessage;
    write(formatBatchLine(event.line, event.ended, event.total, style));
  };
  return { onEvent, stop: () => {} };
}

/** Columns of a file's name beside its bar. */
const NAME_COLUMNS = 40;

/** The bars on a terminal. */
class BarView {
  readonly #bars: MultiBar;
  readonly #stream: NodeJS.WriteStream;
  readonly #style: Style;
  readonly #names = new Map<number, string>();
  readonly #files = new Map<number, SingleBar>();
  #whole: SingleBar | undefined;
  #failed = 0;
  #isStopped = false;

  constructor(bars: MultiBar, stream: NodeJS.WriteStream, style: Style) {
    this.#bars = bars;
    this.#stream = stream;
    this.#style = style;
  }

  take(event: BatchEvent): void {
    if (this.#isStopped) return;
    if (event.kind === 'planned')
      this.#whole = this.#bars.create(event.total, 0, { what: `0/${event.total} files` });
    else if (event.kind === 'started') this.#names.set(event.job, basename(event.input));
    else if (event.kind === 'progress') this.#showFile(event.job, event.progress);
    else this.#end(event);
  }

  stop(): void {
    this.#isStopped = true;
    this.#bars.stop();
  }

  #showFile(job: number, { phase, bytesDone, bytesTotal }: Progress): void {
    const what = `${phase} ${printable(this.#names.get(job) ?? '').slice(0, NAME_COLUMNS)}`;
    const bar = this.#files.get(job) ?? this.#bars.create(Math.max(1, bytesTotal), 0, { what });
    this.#files.set(job, bar);
    bar.setTotal(Math.max(1, bytesTotal));
    bar.update(bytesDone, { what });
  }

  #end({ job, line, ended, total }: { job: number; line: ResultLine; ended: number; total: number }): void {
    const bar = this.#files.get(job);
    if (bar) this.#bars.remove(bar);
    this.#files.delete(job);
    this.#names.delete(job);
    if (line.status === 'failed') {
      this.#failed++;
      const text = formatBatchLine(line, ended, total, this.#style);
      this.#bars.log(`${text.slice(0, Math.max(40, this.#stream.columns * 3))}\n`);
    }
    const failures = this.#failed > 0 ? `, ${this.#failed} failed` : '';
    this.#whole?.update(ended, { what: `${ended}/${total} files${failures}` });
  }
}
