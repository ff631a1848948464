import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  longestSegmentSeconds,
  type SegmentList,
  segmentMicroseconds,
  segmentUri,
} from '../../src/manifest/addressing.js';

function listOf(mediaUri: string, ...durationsTicks: readonly number[]): SegmentList {
  let startTicks = 500;
  const segments = durationsTicks.map((durationTicks) => {
    startTicks += durationTicks;
    return { startTicks: startTicks - durationTicks, durationTicks, sizeBytes: 1 };
  });
  return { kind: 'segments', mediaUri, startNumber: 7, timescaleHz: 48000, segments };
}

describe('segmentUri', () => {
  it('puts number and time in, with a width where one is given', () => {
    expect(segmentUri(listOf('v/$Number$.m4s', 10, 10), 1)).toBe('v/8.m4s');
    expect(segmentUri(listOf('v/$Number%05d$.m4s', 10, 10), 1)).toBe('v/00008.m4s');
    expect(segmentUri(listOf('v/$Time$.m4s', 10, 10), 1)).toBe('v/510.m4s');
  });

  it('takes the name of the only segment as it is', () => {
    expect(segmentUri(listOf('film.en.vtt', 10), 0)).toBe('film.en.vtt');
  });

  it('refuses a template that names no segment, or something else', () => {
    for (const template of ['v.m4s', 'v/$Bandwidth$-$Number$.m4s', 'v/$$$Number$.m4s']) {
      expect(() => segmentUri(listOf(template, 10, 10), 0)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});

describe('durations of segments', () => {
  it('add up to that of the track, whatever is rounded', () => {
    // 96256 / 48000 = 2.005333…: the second takes what the first lost
    expect(segmentMicroseconds(listOf('$Number$', 96256, 96256))).toEqual([2005333, 2005334]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 500_000 })), (ticks) => {
        const sum = segmentMicroseconds(listOf('$Number$', ...ticks)).reduce((a, b) => a + b, 0);
        expect(sum).toBe(Math.round((ticks.reduce((a, b) => a + b, 0) / 48000) * 1e6));
      }),
    );
  });

  it('have a longest', () => {
    expect(longestSegmentSeconds(listOf('$Number$', 48000, 96000))).toBe(2);
    expect(longestSegmentSeconds(listOf('$Number$'))).toBe(0);
  });
});
