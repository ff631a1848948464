import { basename } from 'node:path';
import type { MultiBar, SingleBar } from 'cli-progress';
import type { BatchEvent, Progress, ResultLine } from '../../index.js';
import type { OutputFlags } from '../options/output.js';
import { formatBatchLine } from './batch-text.js';
import { barOptions, PHASE_NAMES } from './progress.js';
import { cut, type LineContent, wrap } from './progress-line.js';
import { writeError, writeMessage } from './streams.js';
import { type Style, styleOf } from './style.js';
import { printable } from './units.js';

/** Shows a user how far a batch is; `stop` puts the terminal back as it was, and may be called twice. */
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
  const view = new BarView(new Bars(barOptions(stream)), stream, style);
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

/** Columns of a file's name on its line. */
const NAME_COLUMNS = 24;

/** The bars on a terminal. */
class BarView {
  readonly #bars: MultiBar;
  readonly #stream: NodeJS.WriteStream;
  readonly #style: Style;
  readonly #names = new Map<number, string>();
  readonly #files = new Map<number, SingleBar>();
  readonly #startedMs = performance.now();
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
    if (event.kind === 'planned') {
      this.#whole = this.#bars.create(event.total, 0, { content: this.#wholeContent(0, event.total) });
    } else if (event.kind === 'started') this.#names.set(event.job, basename(event.input));
    else if (event.kind === 'progress') this.#showFile(event.job, event.progress);
    else if (event.kind === 'ended') this.#end(event);
  }

  stop(): void {
    if (this.#whole && !this.#isStopped) this.#bars.update(); // else what was logged since the last one would be lost
    this.#isStopped = true;
    this.#bars.stop();
  }

  #showFile(job: number, { phase, bytesDone, bytesTotal }: Progress): void {
    const content: LineContent = {
      label: PHASE_NAMES[phase],
      done: bytesDone,
      total: bytesTotal,
      amount: cut(printable(this.#names.get(job) ?? ''), NAME_COLUMNS),
      problem: '',
      elapsedMs: 0,
    };
    const bar = this.#files.get(job) ?? this.#bars.create(Math.max(1, bytesTotal), 0, { content });
    this.#files.set(job, bar);
    bar.setTotal(Math.max(1, bytesTotal));
    bar.update(bytesDone, { content });
  }

  #end({ job, line, ended, total }: { job: number; line: ResultLine; ended: number; total: number }): void {
    const bar = this.#files.get(job);
    if (bar) this.#bars.remove(bar);
    this.#files.delete(job);
    this.#names.delete(job);
    if (line.status === 'failed') {
      this.#failed++;
      for (const text of formatBatchLine(line, ended, total, this.#style).split('\n')) this.#log(text);
    }
    this.#whole?.update(ended, { content: this.#wholeContent(ended, total) });
  }

  /** The bars count on lines that the terminal does not break. */
  #log(text: string): void {
    const columns = this.#stream.columns || Number.POSITIVE_INFINITY;
    for (const line of wrap(text, columns - 1)) this.#bars.log(`${line}\n`);
  }

  #wholeContent(ended: number, total: number): LineContent {
    return {
      label: 'Batch',
      done: ended,
      total,
      amount: `${ended}/${total} files`,
      problem: this.#failed > 0 ? `${this.#failed} failed` : '',
      rate: (perSecond) => `${perSecond.toFixed(1)} files/s`,
      elapsedMs: performance.now() - this.#startedMs,
    };
  }
}
