import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksLikeKey, redactor } from '../../../src/cli/errors/redact.js';

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

describe('redactor', () => {
  it.each([
    ['as the value of --key', ['--key', KEY]],
    ['after --key=', [`--key=${KEY}`]],
    ['after a mistyped option', ['--keyy', KEY]],
    ['glued to a mistyped option', [`--keyy=${KEY}`]],
    ['as an option', [`--${KEY}`]],
    ['glued to a short option', [`-k${KEY}`]],
    ['as an argument', [KEY]],
    ['as the name of a file', [`@${KEY}`]],
    ['as the name of a file of an option', [`--pssh=@${KEY}`]],
  ])('hides a key given %s', (_, argv) => {
    expect(redactor(argv)(`before ${KEY} after ${KEY.toUpperCase()}`)).toBe(
      'before [redacted] after [redacted]',
    );
  });

  it('hides what was given to --key even where it does not look like a key', () => {
    expect(redactor(['--key', 'correct horse'])('the key is correct horse')).toBe('the key is [redacted]');
  });

  it('hides the key of the environment', () => {
    expect(redactor([], { PRPACK_KEY: 'not a key?' })('"not a key?"')).toBe('"[redacted]"');
  });

  it('leaves everything else alone', () => {
    const redact = redactor(['encrypt', 'in.mp4', 'out.mp4', '--key', 'ab', '--track', 'video']);
    expect(redact('in.mp4: abandoned track video')).toBe('in.mp4: abandoned track video');
  });

  it('hides any key at any place of the arguments', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const wrap = fc.constantFrom(
      (key: string) => ['--key', key],
      (key: string) => [`--kee=${key}`],
      (key: string) => ['in.mp4', key],
    );
    fc.assert(
      fc.property(bytes, wrap, (key, argv) => {
        const hex = Buffer.from(key).toString('hex');
        expect(redactor(argv(hex))(`unknown option '${hex}'`)).toBe("unknown option '[redacted]'");
      }),
    );
  });
});
