import { describe, expect, it } from 'vitest';
import { reportBoxes } from '../../src/packager/box-report.js';
import type { BoxReport } from '../../src/packager/types.js';
import { box, header, u8, u32 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { movieOf } from '../support/movies.js';

const names = (boxes: readonly BoxReport[]) => boxes.map(({ type, sizeBytes }) => [type, sizeBytes]);

describe('reportBoxes', () => {
  it('lists all boxes in the order of the file, without gaps', () => {
    const tail = [box('abcd', u32(1)), box('efgh'), header('mdat', 3, 64), u8(1, 2, 3), u8(9, 9)];
    const { movie, source, bytes } = movieOf([...fragmented([audioTrackOf([5])]), ...tail]);
    const report = reportBoxes(movie, source);
    expect(names(report).slice(-4)).toEqual([
      ['abcd', 12],
      ['efgh', 8],
      ['mdat', 19],
      ['(bytes)', 2],
    ]);
    let at = 0;
    for (const { offsetBytes, sizeBytes } of report) {
      expect(offsetBytes).toBe(at);
      at += sizeBytes;
    }
    expect(at).toBe(bytes.length);
    const moof = report.find(({ type }) => type === 'moof')!;
    expect(names(moof.children!)[0]).toEqual(['mfhd', 16]);
    expect(moof.children![1].children!.map(({ type }) => type)).toEqual(['tfhd', 'tfdt', 'trun']);
  });

  it('gives an mdat of open size the rest of the file', () => {
    const { movie, source } = movieOf(fragmented([audioTrackOf([5])], { mdatSize: 0 }));
    expect(names(reportBoxes(movie, source)).at(-1)).toEqual(['mdat', 13]);
  });
});
