import { describe, expect, it } from 'vitest';
import { LOOKUP_SOURCE, parseLookupSource } from '../../src/settings/lookup-source.js';
import { withAbsolutePaths } from '../../src/settings/paths.js';

describe('where keys are looked up', () => {
  it.each([
    ['store', { kind: 'store' }],
    ['playready-test', { kind: 'playready-test' }],
    ['keys.json', { kind: 'file', location: 'keys.json' }],
    ['./store', { kind: 'file', location: './store' }],
    ['C:\\keys.json', { kind: 'file', location: 'C:\\keys.json' }],
    ['cpix:keys.xml', { kind: 'cpix', location: 'keys.xml' }],
    ['cpix:https://a.example/?b=c:d', { kind: 'cpix', location: 'https://a.example/?b=c:d' }],
    ['seed:seed.txt', { kind: 'seed', location: 'seed.txt' }],
  ])('is said by %s', (text, source) => {
    expect(parseLookupSource(text)).toEqual(source);
    expect(LOOKUP_SOURCE.fits(text)).toBe(true);
  });

  it.each(['', 'cpix:', 'seed:', 'sqlite:keys.sqlite', 'https://a.example/keys.xml'])(
    'is not said by "%s"',
    (text) => {
      expect(parseLookupSource(text)).toBeUndefined();
      expect(LOOKUP_SOURCE.fits(text)).toBe(false);
    },
  );

  it.each([
    '3a2a1b68dd2bd9b2eeb25e84c4776668',
    '01234567-89ab-cdef-0123-456789abcdef:3a2a1b68dd2bd9b2eeb25e84c4776668',
    'OiobaN0r2bLusl6ExHdmaA==',
  ])('is never a key: %s', (text) => {
    expect(LOOKUP_SOURCE.fits(text)).toBe(false);
  });

  it('names a file from the folder of the file that it stands in', () => {
    const at = (text: string) =>
      withAbsolutePaths(
        { decryptKeys: text },
        [{ name: 'decryptKeys', kind: LOOKUP_SOURCE, of: [] }],
        ({ kind }) => kind,
        '/f',
      ).decryptKeys;
    expect(
      ['k.json', '/k.json', 'cpix:k.xml', 'seed:../s', 'cpix:https://a.example/k', 'store'].map(at),
    ).toEqual([...['/f/k.json', '/k.json', 'cpix:/f/k.xml', 'seed:/s', 'cpix:https://a.example/k', 'store']]);
  });
});
