import { describe, expect, it } from 'vitest';
import { readDac3 } from '../../../src/isobmff/boxes/dac3.js';
import { readDec3 } from '../../../src/isobmff/boxes/dec3.js';
import { expectEveryTruncationRefused, readerOf } from './proofs.js';

// ffmpeg 5.1, 5.1 and stereo
const AC3_51 = '0000000b 64616333 103de0';
const AC3_STEREO = '0000000b 64616333 101140';
const EC3_51 = '0000000d 64656333 0e00 200f00';
const EC3_STEREO = '0000000d 64656333 0600 200400';
// by ETSI TS 102 366 F.6 and TS 103 420 C.3: a dependent substream with Lrs/Rrs and LFE2, and an Atmos index of 16
const EC3_ATMOS = '00000010 64656333 0e00 200f0302 0110';

describe('dac3', () => {
  it('reads what ffmpeg writes', () => {
    expect(readDac3(readerOf(AC3_51))).toEqual({ acmod: 7, lfeon: true });
    expect(readDac3(readerOf(AC3_STEREO))).toEqual({ acmod: 2, lfeon: false });
  });

  it('refuses every truncation', () => {
    expectEveryTruncationRefused(AC3_51, readDac3);
  });
});

describe('dec3', () => {
  it('reads what ffmpeg writes', () => {
    expect(readDec3(readerOf(EC3_51))).toEqual({ acmod: 7, lfeon: true, chanLoc: 0 });
    expect(readDec3(readerOf(EC3_STEREO))).toEqual({ acmod: 2, lfeon: false, chanLoc: 0 });
  });

  it('reads dependent substreams and the extension for Atmos', () => {
    expect(readDec3(readerOf(EC3_ATMOS))).toEqual({
      acmod: 7,
      lfeon: true,
      chanLoc: 0x102,
      jocComplexity: 16,
    });
  });

  it('takes the first programme of several', () => {
    const two = '00000010 64656333 0e01 200f00 200400'; // num_ind_sub counts from 0
    expect(readDec3(readerOf(two))).toEqual({ acmod: 7, lfeon: true, chanLoc: 0 });
  });

  it('refuses every truncation, but for those of the extension', () => {
    expectEveryTruncationRefused(EC3_51, readDec3);
    expectEveryTruncationRefused(EC3_ATMOS, readDec3, { legalLengths: [6, 7] });
  });
});
