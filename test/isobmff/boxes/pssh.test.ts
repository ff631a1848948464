import { describe, expect, it } from 'vitest';
import { PIFF_PSSH, readExtendedType, writePiffPssh } from '../../../src/isobmff/boxes/piff.js';
import { readPssh, writePssh } from '../../../src/isobmff/boxes/pssh.js';
import {
  expectBox,
  expectEveryTruncationRefused,
  expectHugeCountRefused,
  expectMalformed,
  hex,
  readerOf,
} from './proofs.js';

// GPAC's MP4Box, W3C common system: Eyevinn/mp4ff test data prog_8s_enc_dashinit.mp4
const COMMON = `00000034 70737368 01000000 1077efecc0b24d02ace33c1e52e2fb4b
  00000001 cd7eb9ff88f34caeb06185b00024e4c2 00000000`;
// Widevine: Eyevinn/mp4ff test data piff/audio.mp4
const WIDEVINE = `0000003e 70737368 00000000 edef8ba979d64acea3c827dcd51d21ed 0000001e
  0801121021b82dc2ebb24d5aa9f8631f047266501a0468756c752a024844`;
// The same by PIFF 1.1: extended type, then the fields of version 0
const PIFF = WIDEVINE.replace('0000003e 70737368', '0000004e 75756964 d08a4f1810f34a82b6c832d8aba183d3');

describe('pssh', () => {
  it('reads and writes version 1', () => {
    const pssh = readPssh(readerOf(COMMON));
    expect(pssh).toEqual({
      systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
      keyIds: ['cd7eb9ff-88f3-4cae-b061-85b00024e4c2'],
      data: new Uint8Array(),
    });
    expectBox(writePssh(pssh), COMMON);
  });

  it('reads and writes version 0', () => {
    const pssh = readPssh(readerOf(WIDEVINE));
    expect(pssh.systemId).toBe('edef8ba9-79d6-4ace-a3c8-27dcd51d21ed');
    expect(pssh.keyIds).toEqual([]);
    expect(pssh.data).toEqual(hex('0801121021b82dc2ebb24d5aa9f8631f047266501a0468756c752a024844'));
    expectBox(writePssh(pssh), WIDEVINE);
  });

  it('reads and writes the PIFF form', () => {
    expectBox(writePiffPssh(readPssh(readerOf(WIDEVINE))), PIFF);
    const reader = readerOf(PIFF);
    expect(readExtendedType(reader)).toBe(PIFF_PSSH);
    expect(readPssh(reader)).toEqual(readPssh(readerOf(WIDEVINE)));
  });

  it('refuses every truncation, key ids and data that are not there, and unknown versions', () => {
    expectEveryTruncationRefused(COMMON, readPssh);
    expectEveryTruncationRefused(WIDEVINE, readPssh);
    expectEveryTruncationRefused(PIFF, (reader) => [readExtendedType(reader), readPssh(reader)]);
    expectHugeCountRefused(`01000000 ${'00'.repeat(16)} ffffffff`, readPssh);
    expectHugeCountRefused(`00000000 ${'00'.repeat(16)} ffffffff`, readPssh);
    expectMalformed(() => readPssh(readerOf(COMMON.replace('01000000', '02000000'))));
  });
});
