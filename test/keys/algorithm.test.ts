import { describe, expect, it } from 'vitest';
import { SCHEMES } from '../../src/cenc/scheme.js';
import { algorithmOf, isKeyScheme } from '../../src/keys/algorithm.js';

describe('the algorithm of keys', () => {
  it('is that of the cipher of each scheme, and of cenc where none is named', () => {
    for (const { name, keyAlgorithm } of Object.values(SCHEMES)) {
      expect(algorithmOf({ scheme: name })).toBe(keyAlgorithm);
    }
    expect(algorithmOf({})).toBe('AESCTR');
    expect(['cbcs', 'piff', 'toString'].map(isKeyScheme)).toEqual([true, false, false]);
  });
});
