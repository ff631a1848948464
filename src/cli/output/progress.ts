import type { Progress } from '../../index.js';
import { formatBytes, formatEta } from './units.js';

/** Takes progress reports; `stop` puts the terminal back as it was, and may be called twice. */
export interface ProgressBar {
  update(progress: Progress): void;
  stop(): void;
}

const PHASE_NAMES: Record<Progress['phase'], string> = {
  plan: 'Planning',
  write: 'Writing',
  check: 'Checking',
};

/** Columns that the line takes beside the bar itself. */
const TEXT_COLUMNS = 68;

const NONE: ProgressBar = { update: () => {}, stop: () => {} };

/** A bar on stderr while it is a terminal; else nothing. */
export async function createProgressBar(stream: NodeJS.WriteStream): Promise<ProgressBar> {
  if (!stream.isTTY) return NONE;
  const { SingleBar } = (await import('cli-progress')).default;
  let phase: Progress['phase'] | undefined;
  const bar = new SingleBar({
    stream,
    format: (options, { progress }, line: LinePayload) => {
      const done = Math.round(progress * options.barsize!);
      return formatLine(line, '█'.repeat(done) + '░'.repeat(options.barsize! - done));
    },
    barsize: Math.max(8, Math.min(40, stream.columns - TEXT_COLUMNS)),
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false, // signals are handled once, in interrupt.ts
  });
  let startedMs = 0;
  return {
    update(progress) {
      if (progress.phase !== phase) {
        phase = progress.phase;
        startedMs = performance.now();
        bar.stop();
        bar.start(Math.max(1, progress.bytesTotal), 0, { progress, elapsedMs: 0 });
      }
      bar.setTotal(Math.max(1, progress.bytesTotal));
      bar.update(progress.bytesDone, { progress, elapsedMs: performance.now() - startedMs });
    },
    stop: () => bar.stop(),
  };
}

interface LinePayload {
  readonly progress: Progress;
  readonly elapsedMs: number;
}

/** `Writing   ████░░░░  50%  1.2 GB / 2.4 GB  812.0 MB/s  ETA 0:02` */
export function formatLine({ progress, elapsedMs }: LinePayload, bar: string): string {
  const { phase, bytesDone, bytesTotal } = progress;
  const fraction = bytesTotal > 0 ? bytesDone / bytesTotal : 0;
  const bytesPerSecond = elapsedMs > 0 ? (bytesDone * 1000) / elapsedMs : 0;
  const percent = `${Math.floor(fraction * 100)}%`.padStart(4);
  const rate = formatBytes(Math.round(bytesPerSecond));
  const eta = formatEta(bytesPerSecond > 0 ? (bytesTotal - bytesDone) / bytesPerSecond : Number.NaN);
  const sizes = `${formatBytes(bytesDone)} / ${formatBytes(bytesTotal)}`;
  return `${PHASE_NAMES[phase].padEnd(8)} ${bar} ${percent}  ${sizes}  ${rate}/s  ETA ${eta}`;
}
