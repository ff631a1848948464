import { describe, expect, it } from 'vitest';
import {
  absoluteUrl,
  integer,
  nonEmpty,
  once,
  oneOf,
  readValue,
  repeatable,
} from '../../../src/cli/options/values.js';
import { PrpackError } from '../../../src/errors.js';
import { invalidValue } from '../../../src/settings/check.js';
import { seconds, wordsOf } from '../../../src/settings/kinds.js';

function failureOf(parse: () => unknown): PrpackError {
  try {
    parse();
  } catch (error) {
    if (error instanceof PrpackError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('values of options', () => {
  it('reads words, lists, numbers, URLs', () => {
    const words = readValue('--systems', wordsOf(['playready', 'common', 'widevine']));
    expect(oneOf('--layout', ['fragmented', 'keep'])('keep')).toBe('keep');
    expect(words('widevine, playready,widevine')).toEqual(['playready', 'widevine']);
    expect(integer('--n', 1, 15_360, 'bytes')('10240')).toBe(10_240);
    expect(['2', '0.5', '4.004'].map((text) => readValue('--s', seconds(3600))(text))).toEqual([
      2, 0.5, 4.004,
    ]);
    expect(absoluteUrl('--la-url')('https://a.example/b?c=(d)')).toBe('https://a.example/b?c=(d)');
  });

  it.each([
    ['a word that is not allowed', () => oneOf('--x', ['a', 'b'])('A')],
    ['an empty word', () => oneOf('--x', ['a', 'b'])('')],
    ['an empty list', () => readValue('--x', wordsOf(['a', 'b']))('')],
    ['a list with a hole', () => readValue('--x', wordsOf(['a', 'b']))('a,,b')],
    ['a list with another word', () => readValue('--x', wordsOf(['a', 'b']))('a,c')],
    ['a number below', () => integer('--x', 1, 9, 'bytes')('0')],
    ['a number above', () => integer('--x', 1, 9, 'bytes')('10')],
    ['a number in hex', () => integer('--x', 1, 99, 'bytes')('0x10')],
    ['a number with a sign', () => integer('--x', 1, 9, 'bytes')('+5')],
    ['a number that is none', () => integer('--x', 1, 9, 'bytes')('')],
    ['no seconds', () => readValue('--x', seconds(3600))('0')],
    ['no seconds in decimals', () => readValue('--x', seconds(3600))('0.000')],
    ['seconds below zero', () => readValue('--x', seconds(3600))('-2')],
    ['seconds with an exponent', () => readValue('--x', seconds(3600))('1e3')],
    ['too many seconds', () => readValue('--x', seconds(3600))('3600.1')],
    ['seconds without end', () => readValue('--x', seconds(3600))('Infinity')],
    ['a URL without scheme', () => absoluteUrl('--x')('drm.example.com')],
    ['a URL of another scheme', () => absoluteUrl('--x')('file:///etc/passwd')],
    ['a URL without host', () => absoluteUrl('--x')('https:///path')],
    ['a URL with a space', () => absoluteUrl('--x')('https://a.example/b c')],
    ['an empty text', () => nonEmpty('--x')('')],
  ])('refuses %s and names the option', (_, parse) => {
    const error = failureOf(parse);
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toMatch(/^--x cannot be '/);
    expect(error.details.expected).toBeTruthy();
    expect(error.details.remedy).toMatch(/^Give --x as /);
  });

  it('repeats what was given, but no key and no more than a line of it', () => {
    expect(invalidValue('--x', 'nine', { allowed: '8' }).message).toBe("--x cannot be 'nine'");
    expect(invalidValue('--x', 'b42ca3172ee4e69b'.repeat(5), { allowed: '8' }).message).toBe(
      "--x cannot be '[redacted]'",
    );
    expect(invalidValue('--x', 'no '.repeat(50), { allowed: '8' }).details.received).toHaveLength(61);
  });

  it('collects the values of a repeated option, or refuses the second', () => {
    const parse = repeatable(nonEmpty('--x'));
    expect(parse('b', parse('a'))).toEqual(['a', 'b']);
    expect(once('--x', nonEmpty('--x'))('a')).toBe('a');
    expect(failureOf(() => once('--x', nonEmpty('--x'))('a', 'b')).message).toBe('--x is given twice');
  });
});
