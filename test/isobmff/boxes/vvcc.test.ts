import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/bytes/hex.js';
import { ByteReader } from '../../../src/bytes/reader.js';
import { readVvcC } from '../../../src/isobmff/boxes/vvcc.js';

const SPS = '007900ad02338000';
const PPS = '008100000501005a';
const DCI = '0069aabb';

/** Fields one by one (ISO/IEC 14496-15 11.2.4.2). */
function record(ptl: string): string {
  const arrays = `03${'8d'}0004${DCI}${'8f'}00010008${SPS}${'90'}00010008${PPS}`;
  return `00000000${ptl}${arrays}`;
}

// LengthSizeMinusOne 3, ptl_present 1; ols_idx 0, 1 sublayer, chroma 4:2:0; 10 bits; 1 constraint byte; profile, level; flags
const ONE_SUBLAYER = 'ff' + '0011' + '5f' + '01' + '0233' + '80' + '00' + '050002d00000';
// 3 sublayers: flags for the upper two of which the first is set, and its level; one sub-profile
const THREE_SUBLAYERS =
  'ff' + '0031' + '5f' + '01' + '0233' + '80' + '80' + '20' + '01aabbccdd' + '050002d00000';

const read = (hex: string) => readVvcC(new ByteReader(fromHex(hex)!, { boxPath: 'vvcC', offsetBytes: 0 }));

describe('vvcC', () => {
  it.each([
    ['without a profile record', 'fe', 3],
    ['with one sublayer', ONE_SUBLAYER, 3],
    ['with three sublayers', THREE_SUBLAYERS, 3],
    ['with NAL lengths of one byte', 'f8', 0],
  ])('is read %s', (_, ptl, lengthSizeMinusOne) => {
    const found = read(record(ptl));
    expect(found.lengthSizeMinusOne).toBe(lengthSizeMinusOne);
    expect(found.nalUnits.map(toHex)).toEqual([DCI, SPS, PPS]);
  });

  it('is malformed wherever it ends early', () => {
    const whole = record(THREE_SUBLAYERS);
    for (let length = 0; length < whole.length; length += 2) {
      expect(() => read(whole.slice(0, length))).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/^(MALFORMED|TRUNCATED)_INPUT$/) }),
      );
    }
  });
});
