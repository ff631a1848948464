import { describe, expect, it } from 'vitest';
import { fromBase64, fromHex } from '../../../src/bytes/hex.js';
import { buildPlayReadyHeader, type PlayReadyHeaderOptions } from '../../../src/drm/playready/header.js';
import { HEADER_VERSIONS } from '../../../src/drm/playready/header-versions.js';
import { INDENTED_HEADER_4_0, SHAKA_OBJECT_4_0, SHAKA_OBJECT_4_3, TEST_KEYS } from './vectors.js';

const NS = 'http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader';
const [FIRST, SECOND, THIRD] = TEST_KEYS.map(({ kid, keyHex }) => ({
  kid,
  key: fromHex(keyHex)!,
  algId: 'AESCTR' as const,
})) as [CtrKey, CtrKey, CtrKey];
type CtrKey = { kid: string; key: Uint8Array; algId: 'AESCTR' };

function xmlOf(options: PlayReadyHeaderOptions): string {
  return buildPlayReadyHeader(options).xml;
}

/** XML of an object with a single header record: 10 bytes of lengths and types, then UTF-16LE. */
function xmlOfObject(base64: string): string {
  return new TextDecoder('utf-16le').decode(fromBase64(base64)!.subarray(10));
}

function refused(message: RegExp) {
  return expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(message),
    details: expect.objectContaining({ remedy: expect.any(String) }),
  });
}

describe('golden headers', () => {
  it('4.0.0.0 as shaka-packager writes it', () => {
    expect(xmlOf({ keys: [SECOND] })).toBe(xmlOfObject(SHAKA_OBJECT_4_0));
  });

  it('4.0.0.0 with what else DATA can hold, canonical and in the order that peers write', () => {
    // The checksum is the one published for the key.
    const protection = HEADER_VERSIONS['4.0'].writeProtection([
      { value: 'AmfjCTOPbEOl3WD/5mcecA==', algId: 'AESCTR', checksum: 'BGw1aYZ1YXM=' },
    ]);
    const canonical = INDENTED_HEADER_4_0.replaceAll(/\n */g, '');
    const [algId, keyLen] = ['<ALGID>AESCTR</ALGID>', '<KEYLEN>16</KEYLEN>'];
    const expected = canonical.replace(`${algId}${keyLen}`, `${keyLen}${algId}`);
    expect(expected).toContain(`<DATA>${protection}<LA_URL>`);
    const built = xmlOf({
      keys: [{ kid: '09e36702-8f33-436c-a5dd-60ffe6671e70', algId: 'AESCTR' }],
      laUrl: 'https://license.example/rightsmanager.asmx',
      customAttributes: '<REEL>7</REEL>',
    });
    expect(built).toBe(expected.replace('<CHECKSUM>BGw1aYZ1YXM=</CHECKSUM>', ''));
  });

  it('4.1.0.0 for rotating keys, without KIDs and without empty elements', () => {
    const header = buildPlayReadyHeader({
      keys: [],
      laUrl: 'http://a.example/',
      decryptorSetup: 'on-demand',
    });
    expect(header.version).toBe('4.1.0.0');
    expect(header.xml).toBe(
      `<WRMHEADER xmlns="${NS}" version="4.1.0.0"><DATA><LA_URL>http://a.example/</LA_URL>` +
        '<DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP></DATA></WRMHEADER>',
    );
  });

  // Attributes and order by the header rules, with all that DATA can hold.
  it('4.1.0.0 with everything', () => {
    const xml = xmlOf({
      keys: [FIRST],
      version: '4.1',
      laUrl: 'https://license.example/rightsmanager.asmx',
      luiUrl: 'https://www.example/buy',
      dsId: 'EBESExQVFhcYGRobHB0eHw==',
      customAttributes: '<x:Studio xmlns:x="urn:example:studio"><x:Reel>Seven</x:Reel></x:Studio>',
      decryptorSetup: 'on-demand',
    });
    expect(xml).toBe(
      `<WRMHEADER xmlns="${NS}" version="4.1.0.0"><DATA>` +
        '<PROTECTINFO><KID ALGID="AESCTR" CHECKSUM="BGw1aYZ1YXM=" VALUE="AmfjCTOPbEOl3WD/5mcecA=="></KID></PROTECTINFO>' +
        '<LA_URL>https://license.example/rightsmanager.asmx</LA_URL>' +
        '<LUI_URL>https://www.example/buy</LUI_URL>' +
        '<DS_ID>EBESExQVFhcYGRobHB0eHw==</DS_ID>' +
        '<CUSTOMATTRIBUTES><x:Studio xmlns:x="urn:example:studio"><x:Reel>Seven</x:Reel></x:Studio></CUSTOMATTRIBUTES>' +
        '<DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>' +
        '</DATA></WRMHEADER>',
    );
  });

  it('4.2.0.0: two AESCTR keys with checksums', () => {
    const xml = xmlOf({
      keys: [SECOND, THIRD],
      laUrl: 'https://license.example/rightsmanager.asmx',
      dsId: 'EBESExQVFhcYGRobHB0eHw==',
    });
    expect(xml).toBe(
      `<WRMHEADER xmlns="${NS}" version="4.2.0.0"><DATA><PROTECTINFO><KIDS>` +
        '<KID ALGID="AESCTR" CHECKSUM="xNvWVxoWk04=" VALUE="0IbHou/5s0yzM80yOkKEpQ=="></KID>' +
        '<KID ALGID="AESCTR" CHECKSUM="GnKaQIRacPU=" VALUE="/qgG2xbs4k2SKCxx6bhWqw=="></KID>' +
        '</KIDS></PROTECTINFO><LA_URL>https://license.example/rightsmanager.asmx</LA_URL>' +
        '<DS_ID>EBESExQVFhcYGRobHB0eHw==</DS_ID></DATA></WRMHEADER>',
    );
  });

  it('4.3.0.0: two AESCBC keys, which have no checksum', () => {
    const header = buildPlayReadyHeader({
      keys: [
        { kid: '33221100-5544-7766-8899-aabbccddeeff', algId: 'AESCBC', key: new Uint8Array(16) },
        { kid: '23130302-6745-ab89-cdef-0123456789ab', algId: 'AESCBC' },
      ],
      laUrl: 'https://license.example/rightsmanager.asmx',
      dsId: 'EBESExQVFhcYGRobHB0eHw==',
    });
    expect(header.version).toBe('4.3.0.0');
    expect(header.xml).toBe(
      `<WRMHEADER xmlns="${NS}" version="4.3.0.0"><DATA><PROTECTINFO><KIDS>` +
        '<KID ALGID="AESCBC" VALUE="ABEiM0RVZneImaq7zN3u/w=="></KID>' +
        '<KID ALGID="AESCBC" VALUE="AgMTI0VniavN7wEjRWeJqw=="></KID>' +
        '</KIDS></PROTECTINFO><LA_URL>https://license.example/rightsmanager.asmx</LA_URL>' +
        '<DS_ID>EBESExQVFhcYGRobHB0eHw==</DS_ID></DATA></WRMHEADER>',
    );
  });

  it('4.3.0.0 as shaka-packager writes it for cbcs', () => {
    expect(xmlOf({ keys: [{ ...SECOND, algId: 'AESCBC' }] })).toBe(xmlOfObject(SHAKA_OBJECT_4_3));
  });
});

describe('version', () => {
  const CBC = { kid: FIRST.kid, algId: 'AESCBC' as const };
  it.each([
    ['4.0.0.0', { keys: [FIRST] }],
    ['4.1.0.0', { keys: [FIRST], decryptorSetup: 'on-demand' }],
    ['4.1.0.0', { keys: [], decryptorSetup: 'on-demand' }],
    ['4.2.0.0', { keys: [FIRST, SECOND] }],
    ['4.2.0.0', { keys: [FIRST, SECOND], decryptorSetup: 'on-demand' }],
    ['4.3.0.0', { keys: [CBC] }],
  ] as [string, PlayReadyHeaderOptions][])(
    'auto takes %s as the lowest that can carry it',
    (version, options) => {
      expect(buildPlayReadyHeader(options).version).toBe(version);
    },
  );

  it.each([
    ['4.0.0.0', '4.0'],
    ['4.1.0.0', '4.1'],
    ['4.2.0.0', '4.2'],
    ['4.3.0.0', '4.3'],
  ] as const)('%s can be chosen for one AESCTR key', (text, version) => {
    const header = buildPlayReadyHeader({ keys: [FIRST], version });
    expect(header.version).toBe(text);
    expect(header.xml).toContain(` version="${text}">`);
  });

  it.each([
    [{ keys: [FIRST, SECOND], version: '4.0' }, /4\.0 cannot carry.*room for one KID, not 2/],
    [{ keys: [FIRST, SECOND, THIRD], version: '4.1' }, /4\.1 cannot carry.*room for one KID, not 3/],
    [{ keys: [CBC], version: '4.0' }, /does not know ALGID AESCBC/],
    [{ keys: [CBC], version: '4.1' }, /does not know ALGID AESCBC/],
    [{ keys: [CBC], version: '4.2' }, /does not know ALGID AESCBC/],
    [{ keys: [FIRST], version: '4.0', decryptorSetup: 'on-demand' }, /no DECRYPTORSETUP/],
    [{ keys: [], version: '4.0', decryptorSetup: 'on-demand' }, /must have a KID/],
    [{ keys: [FIRST, { ...SECOND, algId: 'AESCBC' }] }, /share one ALGID/],
    [{ keys: [] }, /without KIDs needs/],
  ] as [PlayReadyHeaderOptions, RegExp][])(
    'refuses what it cannot carry, with the reason: %#',
    (options, reason) => {
      expect(() => buildPlayReadyHeader(options)).toThrowError(refused(reason));
    },
  );

  it('names the versions that could', () => {
    expect(() => buildPlayReadyHeader({ keys: [FIRST, SECOND], version: '4.0' })).toThrowError(
      expect.objectContaining({
        details: expect.objectContaining({ remedy: expect.stringContaining('4.2 or 4.3') }),
      }),
    );
  });
});

describe('checksum', () => {
  it('is left out on request and without a key', () => {
    expect(xmlOf({ keys: [FIRST, SECOND], checksum: false })).not.toContain('CHECKSUM');
    expect(xmlOf({ keys: [{ kid: FIRST.kid, algId: 'AESCTR' }] })).not.toContain('CHECKSUM');
  });

  it('is missed by old clients in 4.0 only', () => {
    const warnings = (version: '4.0' | '4.1') =>
      buildPlayReadyHeader({ keys: [FIRST], version, checksum: false }).warnings;
    expect(warnings('4.0')).toEqual([expect.stringContaining('CHECKSUM')]);
    expect(warnings('4.1')).toEqual([]);
    expect(buildPlayReadyHeader({ keys: [FIRST] }).warnings).toEqual([]);
  });

  it('never lets a key into the header', () => {
    const xml = xmlOf({ keys: [FIRST, SECOND] });
    for (const { keyHex } of TEST_KEYS) {
      expect(xml).not.toContain(keyHex);
      expect(xml).not.toContain(Buffer.from(keyHex, 'hex').toString('base64'));
    }
  });
});

describe('URLs', () => {
  it('are escaped and otherwise written as given', () => {
    const laUrl = 'https://drm.example.com/rm.asmx?cfg=(kid:header,sl:2000)&a=1+2&b="<x>"';
    expect(xmlOf({ keys: [FIRST], laUrl })).toContain(
      '<LA_URL>https://drm.example.com/rm.asmx?cfg=(kid:header,sl:2000)&amp;a=1+2&amp;b="&lt;x&gt;"</LA_URL>',
    );
  });

  it.each([
    '',
    'drm.example.com/rm.asmx',
    '/rm.asmx',
    'ftp://drm.example.com/',
    'javascript:alert(1)',
    'https://',
    'https:///rm.asmx',
    'https:drm.example.com',
    'https://drm.example.com:port/',
    'https://drm.example.com/a b',
    ' https://drm.example.com/',
    'https://drm.example.com/\n',
    'https://drm.example.com/ü',
    'https://drm.example.com/\0',
  ])('refuses %j', (url) => {
    expect(() => xmlOf({ keys: [FIRST], laUrl: url })).toThrowError(refused(/^LA_URL is not an absolute/));
    expect(() => xmlOf({ keys: [FIRST], luiUrl: url })).toThrowError(refused(/^LUI_URL is not an absolute/));
  });

  it('does not repeat a refused URL, which can carry a content key', () => {
    const laUrl = `https://test.example.com/?cfg=(contentkey:${Buffer.from(FIRST.key).toString('base64')}, x)`;
    let thrown: unknown;
    try {
      xmlOf({ keys: [FIRST], laUrl });
    } catch (error) {
      thrown = error;
    }
    expect(JSON.stringify(thrown)).toContain('LA_URL');
    expect(JSON.stringify(thrown)).not.toContain('contentkey');
  });
});

it.each(['', 'AH+03juKbUGbHl1V/QIw', 'de34b47f-0000-0000-0000-000000000000', 'AH+03juKbUGbHl1V/QIwRA'])(
  'refuses the DS_ID %j',
  (dsId) => {
    expect(() => xmlOf({ keys: [FIRST], dsId })).toThrowError(refused(/^DS_ID is not base64/));
  },
);

it('warns of a header over 1 KB', () => {
  const build = (pad: number) =>
    buildPlayReadyHeader({ keys: [FIRST], laUrl: `https://a.example/${'x'.repeat(pad)}` });
  const fixed = build(0).xml.length;
  expect(build(512 - fixed).warnings).toEqual([]);
  expect(build(513 - fixed).warnings).toEqual([expect.stringMatching(/1026 bytes.*1024/)]);
});
