import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type EncryptOptions, type EncryptResult, encrypt, givenKeyTexts } from '../../src/index.js';

/** The content key of the tests. */
export const KID = '01234567-89ab-cdef-0123-456789abcdef';
export const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';

export const testKeys = givenKeyTexts(KID, KEY);

/** Encrypts with the tests' key. */
export function encryptTo(
  input: string,
  output: string,
  options: Partial<EncryptOptions> = {},
): Promise<EncryptResult> {
  return encrypt({ input, output, keys: testKeys, ...options });
}

/** Names in a file's folder that begin like the file: the file itself, and temporary siblings. */
export function tracesOf(path: string): string[] {
  const stem = basename(path).replace(/\.[^.]*$/, '');
  return readdirSync(dirname(path)).filter((name) => name.includes(stem));
}
