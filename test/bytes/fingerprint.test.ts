import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  Fingerprint,
  isFingerprintKey,
  keyOfFingerprint,
  newFingerprintKey,
} from '../../src/bytes/fingerprint.js';

const KEY = '000102030405060708090a0b0c0d0e0f';

function fingerprintOf(key: string, ...parts: readonly Uint8Array[]): string {
  const fingerprint = new Fingerprint(key);
  for (const part of parts) fingerprint.update(part);
  return fingerprint.digest();
}

const tagOf = (key: string, ...parts: readonly Uint8Array[]) => fingerprintOf(key, ...parts).slice(32);

/** NIST SP 800-38D 6.3: product in GF(2^128), bits in reverse, x^128 = x^7 + x^2 + x + 1. */
function multiply(x: bigint, y: bigint): bigint {
  let product = 0n;
  for (let bit = 127n, power = y; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) product ^= power;
    power = power & 1n ? (power >> 1n) ^ (0xe1n << 120n) : power >> 1n;
  }
  return product;
}

/** NIST SP 800-38D 7.1 with no plaintext: GHASH of the data and of its length in bits, masked by the first counter block. */
function gmacByHand(key: string, data: Uint8Array): string {
  const encrypt = (block: bigint) => {
    const cipher = createCipheriv('aes-128-ecb', Buffer.from(key, 'hex'), null).setAutoPadding(false);
    const bytes = cipher.update(Buffer.from(block.toString(16).padStart(32, '0'), 'hex'));
    return BigInt(`0x${bytes.toString('hex')}`);
  };
  const padded = Buffer.concat([data, Buffer.alloc((16 - (data.length % 16)) % 16)]);
  const blocks = padded.toString('hex').match(/.{32}/g) ?? [];
  const lengths = BigInt(data.length * 8) << 64n;
  const hash = [...blocks.map((block) => BigInt(`0x${block}`)), lengths].reduce(
    (sum, block) => multiply(sum ^ block, encrypt(0n)),
    0n,
  );
  return (hash ^ encrypt(1n)).toString(16).padStart(32, '0'); // J0 of a nonce of zeros: 0^96, then 1 in 32 bits
}

/** No two parts of it are alike. */
const data = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff);

describe('a fingerprint', () => {
  it('is the key and a GMAC: of nothing, test case 1 of McGrew and Viega, "The Galois/Counter Mode of Operation"', () => {
    const zeros = '0'.repeat(32);
    expect(fingerprintOf(zeros)).toBe(`${zeros}58e2fccefa7e3061367f1d57a4e7455a`);
  });

  it('is what another program makes of a text', () => {
    // printf '…' > file; openssl mac -cipher AES-128-GCM -macopt hexkey:0001…0f -macopt hexiv:000000000000000000000000 -in file GMAC
    const text = new TextEncoder().encode('hello fingerprint of a file, 37 bytes');
    expect(fingerprintOf(KEY, text)).toBe(`${KEY}cfc6712bdcd7f1e4716d2ae1ce7553f0`);
  });

  it.each([0, 1, 15, 16, 17, 333])('is what the standard says of %d bytes', (length) => {
    const bytes = data.subarray(0, length);
    expect(tagOf(KEY, bytes)).toBe(gmacByHand(KEY, bytes));
  });

  it.each([1, 15, 16, 17, 4096, 99_999])('is the same in parts of %d bytes', (size) => {
    const part = (i: number) => data.subarray(i * size, (i + 1) * size);
    const parts = Array.from({ length: Math.ceil(data.length / size) }, (_, i) => part(i));
    expect(fingerprintOf(KEY, ...parts, new Uint8Array())).toBe(fingerprintOf(KEY, data));
  });

  it('differs with any bit, without a byte, with one more, and with parts in another order', () => {
    const flipped = Array.from({ length: 128 }, (_, i) => {
      const bytes = data.slice(0, 1000);
      bytes[i * 7] ^= 1 << (i % 8);
      return bytes;
    });
    const [head, middle, tail] = [0, 1, 2].map((i) => data.subarray(i * 320, (i + 1) * 320));
    const whole = data.slice(0, 1000);
    const all = [
      whole,
      ...flipped,
      whole.subarray(1),
      whole.subarray(0, 999),
      Uint8Array.of(...whole, 0),
      Uint8Array.of(0, ...whole),
    ].map((bytes) => tagOf(KEY, bytes));
    const orders = [
      [head, middle, tail],
      [middle, head, tail],
      [head, tail, middle],
    ].map((parts) => tagOf(KEY, ...parts));
    expect(new Set([...all, ...orders]).size).toBe(all.length + orders.length);
  });

  it('takes bytes as they are, and not as they are later', () => {
    const bytes = data.slice();
    const fingerprint = new Fingerprint(KEY);
    fingerprint.update(bytes);
    bytes.fill(0);
    expect(fingerprint.digest()).toBe(fingerprintOf(KEY, data));
  });
});

describe('the key of a fingerprint', () => {
  it('is its beginning, so that it can be taken again', () => {
    const key = newFingerprintKey();
    const fingerprint = fingerprintOf(key, data);
    expect(keyOfFingerprint(fingerprint)).toBe(key);
    expect(fingerprintOf(keyOfFingerprint(fingerprint)!, data)).toBe(fingerprint);
    expect(newFingerprintKey()).not.toBe(key);
  });

  it.each(['', 'ab', 'g'.repeat(64), 'AB'.repeat(32), 'ab'.repeat(33)])('is not in the text %j', (text) => {
    expect(keyOfFingerprint(text)).toBeUndefined();
  });

  it.each([KEY, undefined, 7, '', 'ab', KEY.toUpperCase(), `${KEY}00`])(
    'is known from others: %j',
    (value) => {
      expect(isFingerprintKey(value)).toBe(value === KEY);
    },
  );
});
