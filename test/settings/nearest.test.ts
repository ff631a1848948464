import { describe, expect, it } from 'vitest';
import { nearest } from '../../src/settings/nearest.js';

describe('nearest', () => {
  it.each([
    ['layuot', 'layout'],
    ['keystore', 'keyStore'],
    ['tracks', undefined],
  ])('%s is like %s', (word, known) => expect(nearest(word, ['layout', 'keyStore', 'laUrl'])).toBe(known));
});
