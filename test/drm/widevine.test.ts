import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { bytesToUuid } from '../../src/bytes/uuid.js';
import { buildWidevinePsshData, readWidevinePsshData } from '../../src/drm/widevine.js';

const VIDEO = 'a2c786d0-f9ef-4cb3-b333-cd323a4284a5';
const AUDIO = 'db06a8fe-ec16-4de2-9228-2c71e9b856ab';

/** shaka-packager 3.4.2, raw keys, one and two of them: the data of its pssh box. */
const SHAKA_ONE_KEY = '1210a2c786d0f9ef4cb3b333cd323a4284a548e3dc959b06';
const SHAKA_TWO_KEYS = '1210a2c786d0f9ef4cb3b333cd323a4284a51210db06a8feec164de292282c71e9b856ab48e3dc959b06';
const SHAKA_CBCS = '1210a2c786d0f9ef4cb3b333cd323a4284a51210db06a8feec164de292282c71e9b856ab48f3c6899b06';

/** Data of the pssh of Bitmovin's public demonstration, with algorithm, key id, provider, content id, track type, policy. */
const BITMOVIN_DEMO =
  '08011210eb676abbcb345e96bbcf616630f1a3da1a0d7769646576696e655f74657374' +
  '2210666b6a336c6a61536466616c6b72336a2a0248443200';

describe('Widevine pssh data', () => {
  it('is that of shaka-packager', () => {
    const build = (keyIds: string[], protectionScheme: string) =>
      toHex(buildWidevinePsshData({ keyIds, protectionScheme }));
    expect(build([VIDEO], 'cenc')).toBe(SHAKA_ONE_KEY);
    expect(build([VIDEO, AUDIO], 'cenc')).toBe(SHAKA_TWO_KEYS);
    expect(build([VIDEO, AUDIO], 'cbcs')).toBe(SHAKA_CBCS);
  });

  it('has the content id between key ids and scheme', () => {
    const data = buildWidevinePsshData({
      keyIds: [VIDEO],
      contentId: fromHex('cafe')!,
      protectionScheme: 'cenc',
    });
    // Field 4, wire type 2: tag (4 << 3) | 2 = 0x22, length 2.
    expect(toHex(data)).toBe('1210a2c786d0f9ef4cb3b333cd323a4284a52202cafe48e3dc959b06');
  });

  it('has provider and policy where their numbers put them', () => {
    const data = buildWidevinePsshData({
      keyIds: [VIDEO],
      provider: 'acme',
      contentId: fromHex('cafe')!,
      policy: 'gold',
      protectionScheme: 'cenc',
    });
    // Fields 3 and 6, wire type 2: tags 0x1a and 0x32, length 4.
    expect(toHex(data)).toBe(
      '1210a2c786d0f9ef4cb3b333cd323a4284a51a0461636d652202cafe3204676f6c6448e3dc959b06',
    );
    expect(readWidevinePsshData(data)).toMatchObject({ provider: 'acme', policy: 'gold' });
  });

  it('writes lengths over 127 in two bytes', () => {
    const data = buildWidevinePsshData({
      keyIds: [],
      contentId: new Uint8Array(300),
      protectionScheme: 'cenc',
    });
    expect(toHex(data.subarray(0, 3))).toBe('22ac02'); // 300 = 0b10_0101100
    expect(data).toHaveLength(3 + 300 + 6);
  });

  it('needs a key id or a content id, and key ids that are KIDs', () => {
    const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => buildWidevinePsshData({ keyIds: [], protectionScheme: 'cenc' })).toThrowError(refused);
    expect(() => buildWidevinePsshData({ keyIds: ['x'], protectionScheme: 'cenc' })).toThrowError(refused);
  });

  it('is read from shaka-packager', () => {
    expect(readWidevinePsshData(fromHex(SHAKA_CBCS)!)).toEqual({
      keyIds: [VIDEO, AUDIO],
      protectionScheme: 'cbcs',
    });
  });

  it('is read from a public demonstration', () => {
    expect(readWidevinePsshData(fromHex(BITMOVIN_DEMO)!)).toEqual({
      keyIds: ['eb676abb-cb34-5e96-bbcf-616630f1a3da'],
      provider: 'widevine_test',
      contentId: new Uint8Array(Buffer.from('fkj3ljaSdfalkr3j')),
      policy: '',
    });
  });

  it('passes over unknown fields of every wire type', () => {
    const unknown = '5801' + '610000000000000001' + '6d00000001' + '7201ff'; // fields 11 to 14
    expect(readWidevinePsshData(fromHex(unknown + SHAKA_ONE_KEY)!)).toEqual({
      keyIds: [VIDEO],
      protectionScheme: 'cenc',
    });
  });

  it('shows key ids and schemes of unusual form', () => {
    expect(readWidevinePsshData(fromHex('1203010203' + '4801')!)).toEqual({
      keyIds: ['010203'],
      protectionScheme: '1',
    });
    expect(readWidevinePsshData(fromHex('48ffffffffffffffffff01')!).protectionScheme).toBe(
      '18446744073709551615',
    );
  });

  it.each([
    ['a length past the end', '1211a2'],
    ['a huge length', '12ffffffffffffffffff01'],
    ['a number without end', '48ffffffffffffffffffffff01'],
    ['the field number 0', '0001'],
    ['a group', '0b'],
    ['a cut fixed field', '6d0000'],
  ])('refuses %s', (_, hex) => {
    expect(() => readWidevinePsshData(fromHex(hex)!)).toThrowError(
      expect.objectContaining({ code: 'MALFORMED_INPUT' }),
    );
  });

  it('gives an error of ours or a value at every truncation', () => {
    const whole = fromHex(BITMOVIN_DEMO)!;
    const outcomes = new Set<string>();
    for (let length = 0; length < whole.length; length++) {
      try {
        outcomes.add(typeof readWidevinePsshData(whole.subarray(0, length)));
      } catch (error) {
        outcomes.add((error as { code: string }).code);
      }
    }
    expect([...outcomes].sort()).toEqual(['MALFORMED_INPUT', 'object']);
  });

  it('round trips', () => {
    const kid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytesToUuid);
    fc.assert(
      fc.property(
        fc.array(kid, { minLength: 1, maxLength: 9 }),
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom('cenc', 'cens', 'cbc1', 'cbcs'),
        (keyIds, contentId, protectionScheme) => {
          const data = buildWidevinePsshData({ keyIds, contentId, protectionScheme });
          expect(readWidevinePsshData(data)).toEqual({ keyIds, contentId, protectionScheme });
        },
      ),
    );
  });
});
