import type { Progress } from '../../index.js';
import { formatProgressLine, type LineContent } from './progress-line.js';
import { formatBytes } from './units.js';

/** Takes progress reports; `stop` puts the terminal back as it was, and may be called twice. */
export interface ProgressBar {
  update(progress: Progress): void;
  stop(): void;
}

export const PHASE_NAMES: Record<Progress['phase'], string> = {
  plan: 'Planning',
  write: 'Writing',
  check: 'Checking',
};

/** How every bar of the program behaves; its text is `content` of its payload. */
export function barOptions(stream: NodeJS.WriteStream) {
  return {
    stream,
    format: (_options: unknown, _parameters: unknown, { content }: { readonly content: LineContent }) =>
      formatProgressLine(content, stream.columns),
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false, // signals are handled once, in interrupt.ts
    emptyOnZero: true,
  };
}

const NONE: ProgressBar = { update: () => {}, stop: () => {} };

/** A bar on stderr while it is a terminal; else nothing. */
export async function createProgressBar(stream: NodeJS.WriteStream): Promise<ProgressBar> {
  if (!stream.isTTY) return NONE;
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar(barOptions(stream));
  let phase: Progress['phase'] | undefined;
  let startedMs = 0;
  return {
    update(progress) {
      const { bytesDone, bytesTotal } = progress;
      if (progress.phase !== phase) {
        phase = progress.phase;
        startedMs = performance.now();
        bar.stop();
        bar.start(Math.max(1, bytesTotal), 0, { content: contentOf(progress, 0) });
      }
      bar.setTotal(Math.max(1, bytesTotal));
      bar.update(bytesDone, { content: contentOf(progress, performance.now() - startedMs) });
    },
    stop: () => bar.stop(),
  };
}

function contentOf({ phase, bytesDone, bytesTotal }: Progress, elapsedMs: number): LineContent {
  return {
    label: PHASE_NAMES[phase],
    done: bytesDone,
    total: bytesTotal,
    amount: `${formatBytes(bytesDone)} / ${formatBytes(bytesTotal)}`,
    problem: '',
    rate: (perSecond) => `${formatBytes(Math.round(perSecond))}/s`,
    elapsedMs,
  };
}
