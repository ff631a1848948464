import { describe, expect, it } from 'vitest';
import { dolbyVisionCodecs, readDvcC } from '../../../src/isobmff/boxes/dvcc.js';
import { expectEveryTruncationRefused, readerOf } from './proofs.js';

// Dolby Vision Streams Within ISOBMFF, 3.2: version 1.0; profile 7 bits, level 6, rpu 1, el 0, bl 1; compatibility id 4 bits
const PROFILE_5 = '00000020 64766343 0100 0a35 00000000 0000000000000000 0000000000000000'; // 0000101 000110 101
const PROFILE_8_4 = '00000020 64767643 0100 103d 40000000 0000000000000000 0000000000000000'; // 0001000 000111 101, 0100

describe('dvcC', () => {
  it('reads profile, level, and what the base layer is to others', () => {
    expect(readDvcC(readerOf(PROFILE_5))).toEqual({ profile: 5, level: 6, compatibilityId: 0 });
    expect(readDvcC(readerOf(PROFILE_8_4))).toEqual({ profile: 8, level: 7, compatibilityId: 4 });
    expect(dolbyVisionCodecs('dvh1', { profile: 8, level: 7 })).toBe('dvh1.08.07');
  });

  it('refuses every truncation of what it needs', () => {
    expectEveryTruncationRefused('0000000c 64766343 0100 0a35', readDvcC);
  });
});
