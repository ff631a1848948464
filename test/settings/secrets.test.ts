import { describe, expect, it } from 'vitest';
import { looksLikeKey, presentableName } from '../../src/settings/secrets.js';

// The first published key of Microsoft's test seed, and the seed itself.
const KEY = 'b42ca3172ee4e69bf51848a59db9cd13';
const SEED = 'XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I';

describe('looksLikeKey', () => {
  it.each([
    ['a key', KEY],
    ['a key in capitals', KEY.toUpperCase()],
    ['a key with a prefix', `0x${KEY}`],
    ['a key in groups', 'b42ca317:2ee4e69b:f51848a5:9db9cd13'],
    ['a key with dashes in the wrong places', 'b42ca317-2ee4e69b-f51848a5-9db9cd13'],
    ['a key that lacks a digit', KEY.slice(1)],
    ['a key with a slip', `${KEY.slice(0, 31)}g`],
    ['a key in base64', 'tCyjFy7k5pv1GEilnbnNEw=='],
    ['a key in base64url', 'tCyjFy7k5pv1GEilnbnNEw'],
    ['a key seed', SEED],
    ['a KID without dashes, which cannot be told from a key', '09e367028f33436ca5dd60ffe6671e70'],
  ])('hides %s', (_, text) => {
    expect(looksLikeKey(text)).toBe(true);
  });

  it.each([
    ['a KID', '09e36702-8f33-436c-a5dd-60ffe6671e70'],
    ['a file name', 'b42ca3172ee4e69bf51848a59db9cd13.mp4'],
    ['a path', '/media/2026/Season01/Episode0001/master'],
    ['a word', 'fragmented'],
    ['a long word', 'internationalizationofthings'],
    ['a number', '1234567'],
    ['a URL', 'https://drm.example.com/rightsmanager.asmx'],
    ['nothing', ''],
  ])('shows %s', (_, text) => {
    expect(looksLikeKey(text)).toBe(false);
  });
});

it('shows no name that may be a key', () => {
  expect(['laUrl', KEY, 'n'.repeat(40)].map(presentableName)).toEqual(['laUrl', undefined, undefined]);
});
