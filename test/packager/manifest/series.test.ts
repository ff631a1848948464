import { describe, expect, it } from 'vitest';
import { seriesIn, seriesOfHeader } from '../../../src/packager/manifest/series.js';

describe('seriesIn', () => {
  it('has files together whose names differ in their last number, in its order', () => {
    const series = seriesIn(['v/10.m4s', 'v/9.m4s', 'v/a1-2.m4s', 'v/a1-1.m4s', 'v/a2-1.m4s']);
    expect(series.map(({ before, behind, width, numbers }) => [before, behind, width, numbers])).toEqual([
      ['', '.m4s', 1, [9, 10]],
      ['a1-', '.m4s', 1, [1, 2]],
      ['a2-', '.m4s', 1, [1]],
    ]);
    expect(series[0].paths).toEqual(['v/9.m4s', 'v/10.m4s']);
  });

  it('knows how many digits numbers have', () => {
    expect(seriesIn(['seg-00009.m4s', 'seg-00010.m4s'])[0]).toMatchObject({ width: 5, numbers: [9, 10] });
    expect(seriesIn(['099.m4s', '1000.m4s'])[0]).toMatchObject({ width: 3 });
  });

  it.each([
    ['a name without number', ['v/last.m4s']],
    ['a number that is there twice', ['v/1.m4s', 'v/01.m4s']],
    ['numbers of no common form', ['v/007.m4s', 'v/8.m4s']],
    ['a number beyond counting', ['v/12345678901234567890.m4s']],
  ])('refuses %s', (_, paths) => {
    expect(() => seriesIn(paths)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('seriesOfHeader', () => {
  const of = (header: string, headers: readonly string[], ...names: readonly string[]) =>
    seriesOfHeader(header, headers, seriesIn(names)).before;

  it('takes what is alone, whatever its name', () => {
    expect(of('v/head.mp4', ['v/head.mp4'], 'v/s1.m4s', 'v/s2.m4s')).toBe('s');
  });

  it.each([
    ['init-stream1.m4s', ['chunk-stream1-00001.m4s', 'chunk-stream10-00001.m4s'], 'chunk-stream1-'],
    ['h264_360p_init.mp4', ['h264_720p_1.m4s', 'h264_360p_1.m4s'], 'h264_360p_'],
    ['film_dashinit.mp4', ['other_dash1.m4s', 'film_dash1.m4s'], 'film_dash'],
  ])('finds the segments of %s by its words', (header, names, before) => {
    expect(of(header, [header, 'x_init.mp4'], ...names)).toBe(before);
  });

  it.each([
    ['no segments', 'a_init.mp4', ['b_1.m4s', 'c_1.m4s'], 'none'],
    ['several that may be', 'init.mp4', ['b_1.m4s', 'c_1.m4s'], 'b_1.m4s, c_1.m4s'],
  ])('refuses a header with %s', (_, header, names, received) => {
    expect(() => of(header, [header], ...names)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', details: expect.objectContaining({ received }) }),
    );
  });
});
