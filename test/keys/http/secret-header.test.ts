import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  environmentSecretHeader,
  readSecretHeader,
  SecretHeader,
} from '../../../src/keys/http/secret-header.js';
import { scratchDirectories } from '../scratch.js';
import { failureOf } from './servers.js';

const SECRET = 'c2VjcmV0LXRva2VuLTEyMzQ1';
const scratch = scratchDirectories();

describe('SecretHeader', () => {
  it.each([
    [`Bearer ${SECRET}`, 'Authorization', `Bearer ${SECRET}`],
    [`Authorization: Basic ${SECRET}\n`, 'Authorization', `Basic ${SECRET}`],
    [`x-api-key:${SECRET}`, 'x-api-key', SECRET],
    ['Digest username="a", uri="http://b"', 'Authorization', 'Digest username="a", uri="http://b"'],
  ])('reads %s', (text, name, value) => {
    const header = SecretHeader.parse(text, 'test');
    expect([header.name, header.reveal()]).toEqual([name, value]);
  });

  it('prints itself as redacted everywhere', () => {
    const header = SecretHeader.parse(SECRET, 'test');
    for (const text of [
      `${header}`,
      JSON.stringify({ header }),
      inspect({ header }, { depth: 9, showHidden: true }),
    ]) {
      expect(text).toContain('[redacted]');
      expect(text).not.toContain(SECRET);
    }
  });

  it.each(['', '  \n', `Bearer ${SECRET}\nX-Other: 1`, `Bearer ${SECRET}\r\nX: 1`, `Bearer ${SECRET}é`])(
    'refuses %j without repeating it',
    async (text) => {
      const path = join(scratch(), 'auth.txt');
      writeFileSync(path, text);
      const { error, said } = await failureOf(readSecretHeader(path));
      expect(error).toMatchObject({ code: 'KEY_SOURCE_FAILED', message: expect.stringContaining(path) });
      expect(said).not.toContain(SECRET);
    },
  );

  it('comes from an environment variable, where it is set', () => {
    expect(environmentSecretHeader('A', { A: `Bearer ${SECRET}` })!.reveal()).toBe(`Bearer ${SECRET}`);
    expect(environmentSecretHeader('A', { A: '' })).toBeUndefined();
    expect(environmentSecretHeader('A', {})).toBeUndefined();
    expect(() => environmentSecretHeader('A', { A: 'a\nb' })).toThrow('A: the authorization header');
  });
});
