import type { ResultLine } from '../../src/packager/batch/types.js';

/** A line of a results file: of a job that is done, but for what is given. */
export function resultLine(more: Partial<ResultLine> = {}): ResultLine {
  return {
    run: 'r',
    id: 'r.0',
    status: 'done',
    input: '/in',
    output: '/out',
    contentId: 'c',
    settingsSha256: 's',
    startedAt: new Date(1000).toISOString(),
    elapsedMs: 20,
    ...more,
  };
}
