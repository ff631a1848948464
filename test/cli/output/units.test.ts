import { describe, expect, it } from 'vitest';
import { PLAIN } from '../../../src/cli/output/style.js';
import { formatPairs, formatTable } from '../../../src/cli/output/table.js';
import {
  count,
  formatBytes,
  formatDuration,
  formatElapsed,
  formatEta,
  printable,
} from '../../../src/cli/output/units.js';

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [999_949, '999.9 kB'],
    [999_950, '1.0 MB'],
    [2_500_000_000, '2.5 GB'],
    [5e15, '5000.0 TB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0:00.00'],
    [9.5, '0:09.50'],
    [59.999, '1:00.00'],
    [720, '12:00.00'],
    [3723, '1:02:03.00'],
  ])('%d seconds of media are %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [0, '0:00'],
    [0.1, '0:01'],
    [61, '1:01'],
    [3600, '1:00:00'],
    [Number.NaN, '-:--'],
    [Number.POSITIVE_INFINITY, '-:--'],
  ])('%d seconds to wait are %s', (seconds, text) => {
    expect(formatEta(seconds)).toBe(text);
  });

  it('counts and times', () => {
    expect([count(0, 'track'), count(1, 'track'), count(2, 'track')]).toEqual([
      '0 tracks',
      '1 track',
      '2 tracks',
    ]);
    expect([formatElapsed(12.4), formatElapsed(3449)]).toEqual(['12 ms', '3.4 s']);
  });

  it('makes control characters and direction overrides visible, and keeps line breaks', () => {
    expect(printable('a\u001b[31m\r\n\tb\u202ec\u009b')).toBe('a\\u001b[31m\\u000d\n\tb\\u202ec\\u009b');
  });
});

describe('tables', () => {
  it('aligns columns and leaves empty ones out', () => {
    const columns = [{ heading: 'ID', align: 'right' }, { heading: 'TYPE' }, { heading: 'NOTE' }] as const;
    const rows = [
      ['1', 'video', ''],
      ['10', 'audio', ''],
    ];
    expect(formatTable(columns, rows, PLAIN)).toEqual(['  ID  TYPE', '   1  video', '  10  audio']);
  });

  it('puts values one under another', () => {
    const pairs = formatPairs(
      [
        ['a', '1'],
        ['none', undefined],
        ['long', '2'],
      ],
      '',
      PLAIN,
    );
    expect(pairs).toEqual(['a     1', 'long  2']);
  });
});
