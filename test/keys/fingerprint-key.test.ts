import { expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { fingerprintKeyOf } from '../../src/keys/fingerprint-key.js';

it('derives a key for fingerprints from a content key, the same each time', () => {
  // printf 'prpack fingerprint' | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102030405060708090a0b0c0d0e0f, first half
  const key = ContentKey.fromHex('000102030405060708090a0b0c0d0e0f');
  expect(fingerprintKeyOf(key)).toBe('dfabe295479ba0397a65fc9f7acb042d');
  expect(fingerprintKeyOf(ContentKey.random())).not.toBe(fingerprintKeyOf(key));
});
