import { describe, expect, it } from 'vitest';
import { columnsOf, cut, formatProgressLine, wrap } from '../../../src/cli/output/progress-line.js';
import { formatBytes } from '../../../src/cli/output/units.js';

const WRITING = {
  label: 'Writing',
  done: 500_000_000,
  total: 2_000_000_000,
  amount: '500.0 MB / 2.0 GB',
  problem: '',
  rate: (perSecond: number) => `${formatBytes(perSecond)}/s`,
  elapsedMs: 1000,
};
const BATCH = { ...WRITING, label: 'Batch', amount: '250/1000 files', problem: '12 failed' };

describe('formatProgressLine', () => {
  it.each([
    [80, 'Writing   ████░░░░░░░░░░░░░   25%  500.0 MB / 2.0 GB  500.0 MB/s  ETA 0:03'],
    [60, 'Writing   ███░░░░░░   25%  500.0 MB / 2.0 GB  ETA 0:03'],
    [40, 'Writing   ███░░░░░░░░   25%  ETA 0:03'],
    [30, 'Writing    25%  ETA 0:03'],
  ])('in %i columns keeps what matters most', (columns, line) => {
    expect(formatProgressLine(WRITING, columns).replace(/[█░]+/, '#')).toBe(line.replace(/[█░]+/, '#'));
    expect(formatProgressLine(WRITING, columns)).toMatch(columns < 40 ? /^[^█]*$/ : /█░/);
  });

  it('never takes the last column, and keeps failures longest', () => {
    for (let columns = 14; columns < 120; columns++) {
      for (const content of [WRITING, BATCH, { ...BATCH, label: '映画映画映画映画' }]) {
        expect(columnsOf(formatProgressLine(content, columns))).toBeLessThan(columns);
      }
      if (columns > 20) expect(formatProgressLine(BATCH, columns)).toContain('12 failed');
    }
  });

  it('makes no claim before there is something to go by', () => {
    const line = formatProgressLine({ ...WRITING, done: 0, total: 0, elapsedMs: 0 }, 0);
    expect(line).toMatch(/ 0% .* ETA -:--$/);
  });
});

describe('columns', () => {
  it('are two for East Asian characters and emoji, and none for combining marks', () => {
    expect(['abc', '映画', '🎬', 'e\u0301'].map(columnsOf)).toEqual([3, 4, 2, 1]);
    expect(cut('映画の名前', 6)).toBe('映画…');
  });

  it('are filled by whole words, and by parts of longer ones', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
  });
});
