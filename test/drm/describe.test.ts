import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromHex } from '../../src/bytes/hex.js';
import { describeProtectionData } from '../../src/drm/describe.js';
import { buildPlayReadyObject } from '../../src/drm/playready/object.js';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import { INDENTED_HEADER_4_0, SHAKA_OBJECT_4_0, TEST_KEYS } from './playready/vectors.js';

const KID = TEST_KEYS[1].kid;
const OTHER_KID = TEST_KEYS[2].kid;

describe('description of', () => {
  it('PlayReady, with the KIDs of the header', () => {
    const description = describeProtectionData({
      systemId: SYSTEM_IDS.playready,
      keyIds: [],
      data: buildPlayReadyObject({ headerXml: INDENTED_HEADER_4_0 }),
    });
    expect(description).toMatchObject({
      systemId: SYSTEM_IDS.playready,
      name: 'PlayReady',
      keyIds: ['09e36702-8f33-436c-a5dd-60ffe6671e70'],
      playready: {
        version: '4.0.0.0',
        laUrl: 'https://license.example/rightsmanager.asmx',
        keys: [{ algId: 'AESCTR', checksum: 'BGw1aYZ1YXM=' }],
        xml: INDENTED_HEADER_4_0,
      },
    });
    expect(description).not.toHaveProperty('problem');
    expect(description.playready).not.toHaveProperty('licenseStoreBytes');
  });

  it('PlayReady with a license store', () => {
    const headerXml = '<WRMHEADER version="4.1.0.0"></WRMHEADER>';
    const data = buildPlayReadyObject({ headerXml, licenseStoreBytes: 7 });
    expect(describeProtectionData({ systemId: SYSTEM_IDS.playready, keyIds: [], data }).playready).toEqual({
      version: '4.1.0.0',
      keys: [],
      xml: headerXml,
      licenseStoreBytes: 7,
    });
  });

  it("a box that lists KIDs: the box's own", () => {
    const data = fromBase64(SHAKA_OBJECT_4_0)!;
    const description = describeProtectionData({ systemId: SYSTEM_IDS.playready, keyIds: [OTHER_KID], data });
    expect(description.keyIds).toEqual([OTHER_KID]);
    expect(description.playready?.keys[0]?.kid).toBe(KID);
  });

  it('Widevine', () => {
    const data = fromHex('1210a2c786d0f9ef4cb3b333cd323a4284a52202cafe48e3dc959b06')!;
    expect(describeProtectionData({ systemId: SYSTEM_IDS.widevine, keyIds: [], data })).toEqual({
      systemId: SYSTEM_IDS.widevine,
      name: 'Widevine',
      keyIds: [KID],
      widevine: { contentId: 'cafe', protectionScheme: 'cenc' },
    });
  });

  it('the common system', () => {
    const data = new Uint8Array(0);
    expect(describeProtectionData({ systemId: SYSTEM_IDS.common, keyIds: [KID], data })).toEqual({
      systemId: SYSTEM_IDS.common,
      name: 'W3C Common (Clear Key)',
      keyIds: [KID],
    });
  });

  it('a system it does not know', () => {
    const systemId = '01234567-89AB-cdef-0123-456789abcdef';
    expect(describeProtectionData({ systemId, keyIds: [], data: new Uint8Array(3) })).toEqual({
      systemId: systemId.toLowerCase(),
      name: 'unknown',
      keyIds: [],
    });
  });
});

describe('a problem instead of an error', () => {
  const emptyHeader = buildPlayReadyObject({ headerXml: 'not xml' });
  it.each([
    [
      'an object cut short',
      SYSTEM_IDS.playready,
      fromBase64(SHAKA_OBJECT_4_0)!.subarray(0, 99),
      /length field/,
    ],
    ['no data', SYSTEM_IDS.playready, new Uint8Array(0), /ends too early/],
    ['an object without header', SYSTEM_IDS.playready, fromHex('060000000000')!, /no header record/],
    ['a header that is not XML', SYSTEM_IDS.playready, emptyHeader, /PlayReady header/],
    ['Widevine data that is none', SYSTEM_IDS.widevine, fromHex('ff')!, /ends too early/],
  ])('%s', (_, systemId, data, problem) => {
    const description = describeProtectionData({ systemId, keyIds: [KID], data });
    expect(description).toMatchObject({ systemId, keyIds: [KID], problem: expect.stringMatching(problem) });
    expect(description).not.toHaveProperty('playready');
    expect(description).not.toHaveProperty('widevine');
  });

  it('whatever the data', () => {
    const systemId = fc.constantFrom(...Object.values(SYSTEM_IDS), 'x');
    fc.assert(
      fc.property(systemId, fc.uint8Array({ maxLength: 100 }), (id, data) => {
        expect(describeProtectionData({ systemId: id, keyIds: [], data }).systemId).toBe(id);
      }),
    );
  });

  it('whatever the header', () => {
    const piece = fc.constantFrom(
      '<',
      '>',
      '/',
      '&',
      '"',
      '=',
      ' ',
      'a',
      '<a>',
      '</a>',
      '<!--',
      '<![CDATA[',
      '<?',
      '&#',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const headerXml = `<WRMHEADER version="4.0.0.0">${pieces.join('')}</WRMHEADER>`;
        const data = buildPlayReadyObject({ headerXml });
        const description = describeProtectionData({ systemId: SYSTEM_IDS.playready, keyIds: [], data });
        expect(Boolean(description.playready)).toBe(!description.problem);
      }),
    );
  });

  it('whatever byte of a good object is changed', () => {
    const whole = fromBase64(SHAKA_OBJECT_4_0)!;
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const data = whole.slice();
        data[at]! ^= mask;
        expect(describeProtectionData({ systemId: SYSTEM_IDS.playready, keyIds: [], data }).name).toBe(
          'PlayReady',
        );
      }),
    );
  });
});
