import { describe, expect, it } from 'vitest';
import { durationAsSeconds, secondsAsDuration } from '../../src/keys/crypto-period.js';

describe('times as xs:duration', () => {
  it.each([
    [0, 'PT0S'],
    [10, 'PT10S'],
    [3 * 4.004, 'PT12.012S'], // 12.012000000000002 in binary
    [1e-7, 'PT0S'],
    [1e9, 'PT1000000000S'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(secondsAsDuration(seconds)).toBe(text);
  });

  it.each([
    ['PT0S', 0],
    ['PT1H2M3.5S', 3723.5],
    ['P1DT1S', 86_401],
    ['P2D', 172_800],
    [' PT5M ', 300],
    ['PT.5S', undefined],
    ['P0S', 0], // as shaka-packager writes it
    ['P', undefined],
    ['PT', undefined],
    ['P1DT', undefined],
    ['P1M', undefined], // a month has no fixed length
    ['-PT1S', undefined],
    ['1S', undefined],
    ['', undefined],
  ])('%j is %j', (text, seconds) => {
    expect(durationAsSeconds(text)).toBe(seconds);
  });
});
