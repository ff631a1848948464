import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redactor } from '../../../src/cli/errors/redact.js';

// The first published key of Microsoft's test seed.
const KEY = 'b42ca3172ee4e69bf51848a59db9cd13';

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
