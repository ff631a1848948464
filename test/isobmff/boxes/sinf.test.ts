import { describe, expect, it } from 'vitest';
import { PIFF_TENC, writePiffSinf } from '../../../src/isobmff/boxes/piff.js';
import { readSinf, writeSinf } from '../../../src/isobmff/boxes/sinf.js';
import { expectBox, expectEveryTruncationRefused, expectMalformed, hex, readerOf } from './proofs.js';

// shaka-packager 3.4.2, cbcs, AVC
const SHAKA_CBCS = `00000061 73696e66  0000000c 66726d61 61766331  00000014 7363686d 00000000 63626373 00010000
  00000039 73636869  00000031 74656e63 01000000 00190100 a16e402b9056e371f36d348aa62bb749
  10 bcff1b3bd83b7c60422647dbdef014a4`;

// GPAC's MP4Box, cenc with 8-byte IVs: Eyevinn/mp4ff test data prog_8s_enc_dashinit.mp4, track 1
const GPAC_CENC = `00000050 73696e66  0000000c 66726d61 61766331  00000014 7363686d 00000000 63656e63 00010000
  00000028 73636869  00000020 74656e63 00000000 00000108 cd7eb9ff88f34caeb06185b00024e4c2`;

// By PIFF 1.1 5.3.3: AlgorithmID u24, IV_size u8, KID
const PIFF = `00000060 73696e66  0000000c 66726d61 61766331  00000014 7363686d 00000000 70696666 00010001
  00000038 73636869  00000030 75756964 8974dbce7be74c5184f97148f9882554
  00000000 000001 08 21b82dc2ebb24d5aa9f8631f04726650`;

describe('sinf', () => {
  it('reads what shaka-packager writes for cbcs', () => {
    expect(readSinf(readerOf(SHAKA_CBCS))).toEqual({
      originalFormat: 'avc1',
      schemeType: 'cbcs',
      schemeVersion: 0x00010000,
      tenc: {
        defaultCryptByteBlock: 1,
        defaultSkipByteBlock: 9,
        defaultIsProtected: true,
        defaultPerSampleIvSize: 0,
        defaultKid: 'a16e402b-9056-e371-f36d-348aa62bb749',
        defaultConstantIv: hex('bcff1b3bd83b7c60422647dbdef014a4'),
      },
    });
  });

  it.each([SHAKA_CBCS, GPAC_CENC])('writes what the peer wrote', (peer) => {
    const { originalFormat, schemeType, schemeVersion, tenc } = readSinf(readerOf(peer));
    expectBox(
      writeSinf({ originalFormat, schemeType: schemeType!, schemeVersion: schemeVersion!, tenc: tenc! }),
      peer,
    );
  });

  it('reads and writes a PIFF scheme with its uuid track encryption box', () => {
    expectBox(writePiffSinf('avc1', readSinf(readerOf(PIFF)).tenc!), PIFF);
    expect(PIFF_TENC.replaceAll('-', '')).toBe('8974dbce7be74c5184f97148f9882554');
    expect(readSinf(readerOf(PIFF))).toEqual({
      originalFormat: 'avc1',
      schemeType: 'piff',
      schemeVersion: 0x00010001,
      piffAlgorithmId: 1,
      tenc: {
        defaultCryptByteBlock: 0,
        defaultSkipByteBlock: 0,
        defaultIsProtected: true,
        defaultPerSampleIvSize: 8,
        defaultKid: '21b82dc2-ebb2-4d5a-a9f8-631f04726650',
      },
    });
  });

  it('skips children it does not know and does without a scheme', () => {
    const sinf = readSinf(readerOf('0000001c 73696e66 00000008 66726565 0000000c 66726d61 6d703461'));
    expect(sinf).toEqual({ originalFormat: 'mp4a' });
  });

  it('refuses a missing frma, a child smaller than its header and an unknown PIFF algorithm', () => {
    expectMalformed(() => readSinf(readerOf('00000008 73696e66')));
    expectMalformed(() => readSinf(readerOf('00000010 73696e66 00000007 66726d61')));
    expectMalformed(() => readSinf(readerOf(PIFF.replace('000001 08', '000003 08'))));
    expectMalformed(() => readSinf(readerOf(PIFF.replace('000001 08', '000001 07'))));
  });

  it('refuses every truncation', () => {
    // After frma, and after schm, what is left out is optional.
    expectEveryTruncationRefused(SHAKA_CBCS, readSinf, { legalLengths: [12, 32] });
    expectEveryTruncationRefused(PIFF, readSinf, { legalLengths: [12, 32] });
  });
});
