import { describe, expect, it } from 'vitest';
import { readTenc, writeTenc } from '../../../src/isobmff/boxes/tenc.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectFourthEditionRefused,
  expectMalformed,
  readerOf,
} from './proofs.js';

// GPAC's MP4Box: Eyevinn/mp4ff test data prog_8s_enc_dashinit.mp4
const PER_SAMPLE_IV = '00000020 74656e63 00000000 0000 01 08 cd7eb9ff88f34caeb06185b00024e4c2';
// shaka-packager 3.4.2, cbcs video
const CONSTANT_IV = `00000031 74656e63 01000000 0019 01 00 a16e402b9056e371f36d348aa62bb749
  10 bcff1b3bd83b7c60422647dbdef014a4`;

describe('tenc', () => {
  it('reads and writes what peers write', () => {
    expect(readTenc(readerOf(PER_SAMPLE_IV)).defaultKid).toBe('cd7eb9ff-88f3-4cae-b061-85b00024e4c2');
    expect(readTenc(readerOf(CONSTANT_IV))).toMatchObject({
      defaultCryptByteBlock: 1,
      defaultSkipByteBlock: 9,
    });
    for (const peer of [PER_SAMPLE_IV, CONSTANT_IV])
      expectBox(writeTenc(readTenc(readerOf(peer)), peer === PER_SAMPLE_IV ? 0 : 1), peer);
  });

  it('ignores the pattern byte of version 0, which is reserved there', () => {
    const tenc = readTenc(readerOf(PER_SAMPLE_IV.replace('0000 01 08', '0019 01 08')));
    expect(tenc.defaultCryptByteBlock).toBe(0);
    expect(tenc.defaultSkipByteBlock).toBe(0);
    expect(tenc.hasReservedPattern).toBe(true);
    expect(readTenc(readerOf(PER_SAMPLE_IV))).not.toHaveProperty('hasReservedPattern');
  });

  it('refuses IV sizes that the standard does not know', () => {
    expectMalformed(() => readTenc(readerOf(PER_SAMPLE_IV.replace('01 08', '01 07'))));
    expectMalformed(() => readTenc(readerOf(CONSTANT_IV.replace('\n  10', '\n  0f'))));
  });

  it('refuses version 2 by name', () => {
    const version2 = CONSTANT_IV.replace('01000000', '02000000');
    expectFourthEditionRefused(() => readTenc(readerOf(version2)), /version 2, for an extended/);
  });

  it('refuses every truncation', () => {
    expectEveryTruncationRefused(PER_SAMPLE_IV, readTenc);
    expectEveryTruncationRefused(CONSTANT_IV, readTenc);
  });
});
