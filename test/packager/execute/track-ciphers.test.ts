import { expect, it } from 'vitest';
import type { SampleCipher } from '../../../src/cenc/sample-cipher.js';
import { KnownCiphers, PassingCiphers } from '../../../src/packager/execute/track-ciphers.js';

class CountingCipher implements SampleCipher {
  flushes = 0;

  process(): void {}

  flush(): void {
    this.flushes++;
  }
}

const keys = (count: number) => Array.from({ length: count }, (_, i) => Uint8Array.of(i));

it('makes a cipher when its key is met, and once while it is in use', () => {
  const made: number[] = [];
  const ciphers = new PassingCiphers(keys(5), ([key]) => {
    made.push(key);
    return new CountingCipher();
  });
  const second = ciphers.of(2);
  expect(ciphers.of(3)).not.toBe(second);
  expect(ciphers.of(2)).toBe(second);
  expect(made).toEqual([1, 2]);
});

it('has none for clear samples and for keys that are not held', () => {
  const ciphers = new PassingCiphers([undefined, ...keys(1)], () => new CountingCipher());
  expect(ciphers.of(0)).toBeUndefined();
  expect(ciphers.of(1)).toBeUndefined();
  expect(ciphers.of(2)).toBeDefined();
  expect(ciphers.of(0)).toBeUndefined();
});

it('keeps few, and flushes those that it lets go', () => {
  const made: CountingCipher[] = [];
  const ciphers = new PassingCiphers(keys(100), () => {
    const cipher = new CountingCipher();
    made.push(cipher);
    return cipher;
  });
  const flushes = () => made.map((cipher) => cipher.flushes);
  for (let number = 1; number <= 10; number++) ciphers.of(number);
  expect(flushes()).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
  ciphers.flush();
  expect(flushes()).toEqual(Array(10).fill(1));
  expect(ciphers.of(7)).toBe(made[6]);
  ciphers.of(1); // made once more
  expect(made).toHaveLength(11);
});

it('flushes ciphers that were there before', () => {
  const known = [new CountingCipher(), new CountingCipher()];
  const ciphers = new KnownCiphers(known);
  expect([0, 1, 2, 3].map((number) => ciphers.of(number))).toEqual([undefined, ...known, undefined]);
  ciphers.flush();
  expect(known.map(({ flushes }) => flushes)).toEqual([1, 1]);
});
