import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromHex } from '../../../src/bytes/hex.js';
import { bytesToUuid } from '../../../src/bytes/uuid.js';
import { buildPlayReadyHeader } from '../../../src/drm/playready/header.js';
import { readPlayReadyHeader, readPlayReadyHeaderXml } from '../../../src/drm/playready/header-reader.js';
import { INDENTED_HEADER_4_0, SHAKA_OBJECT_4_0, SHAKA_OBJECT_4_3, TEST_KEYS } from './vectors.js';

const NS = 'http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader';

function headerOf(object: string): Uint8Array {
  return fromBase64(object)!.subarray(10);
}

function utf16(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf16le'));
}

describe('headers of peers', () => {
  it('4.0.0.0, indented and in another order', () => {
    expect(readPlayReadyHeader(utf16(INDENTED_HEADER_4_0))).toEqual({
      version: '4.0.0.0',
      keys: [{ kid: '09e36702-8f33-436c-a5dd-60ffe6671e70', algId: 'AESCTR', checksum: 'BGw1aYZ1YXM=' }],
      laUrl: 'https://license.example/rightsmanager.asmx',
      customAttributes: '<REEL>7</REEL>',
      xml: INDENTED_HEADER_4_0,
    });
  });

  it('4.1.0.0: KID in PROTECTINFO, or none', () => {
    const kid = `<KID ALGID="AESCTR" CHECKSUM="${TEST_KEYS[0].checksum}" VALUE="${TEST_KEYS[0].headerKid}"></KID>`;
    const header = (data: string) =>
      `<WRMHEADER xmlns="${NS}" version="4.1.0.0"><DATA>${data}</DATA></WRMHEADER>`;
    expect(readPlayReadyHeaderXml(header(`<PROTECTINFO>${kid}</PROTECTINFO>`)).keys).toEqual([
      { kid: TEST_KEYS[0].kid, algId: 'AESCTR', checksum: TEST_KEYS[0].checksum },
    ]);
    expect(readPlayReadyHeaderXml(header('<DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>'))).toMatchObject({
      version: '4.1.0.0',
      keys: [],
      decryptorSetup: 'ONDEMAND',
    });
  });

  it('4.3.0.0 of shaka-packager', () => {
    expect(readPlayReadyHeader(headerOf(SHAKA_OBJECT_4_3))).toMatchObject({
      version: '4.3.0.0',
      keys: [{ kid: TEST_KEYS[1].kid, algId: 'AESCBC' }],
    });
  });

  // The layout of the specification (3.3.3), with its white space and its namespaces.
  it('4.3.0.0 as the specification prints its syntax', () => {
    const xml = `<WRMHEADER xmlns="${NS}" version="4.3.0.0">
  <DATA>
      <PROTECTINFO LICENSEREQUESTED="true">
        <KIDS>
          <KID ALGID="AESCTR" CHECKSUM="xNvWVxoWk04=" VALUE="0IbHou/5s0yzM80yOkKEpQ=="> </KID>
          <KID VALUE="/qgG2xbs4k2SKCxx6bhWqw=="></KID>
        </KIDS>
      </PROTECTINFO>
      <LA_URL> https://license.example/rightsmanager.asmx?a=1&amp;b=2 </LA_URL>
      <LUI_URL>
        https://www.example/
      </LUI_URL>
    <DS_ID> EBESExQVFhcYGRobHB0eHw== </DS_ID>
    <CUSTOMATTRIBUTES xmlns="">
      <x:Studio xmlns:x="urn:example:studio"><x:Reel>Seven</x:Reel></x:Studio>
    </CUSTOMATTRIBUTES>
    <DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>
  </DATA>
</WRMHEADER>`;
    expect(readPlayReadyHeaderXml(xml)).toEqual({
      version: '4.3.0.0',
      keys: [{ kid: TEST_KEYS[1].kid, algId: 'AESCTR', checksum: 'xNvWVxoWk04=' }, { kid: TEST_KEYS[2].kid }],
      laUrl: 'https://license.example/rightsmanager.asmx?a=1&b=2',
      luiUrl: 'https://www.example/',
      dsId: 'EBESExQVFhcYGRobHB0eHw==',
      customAttributes: '<x:Studio xmlns:x="urn:example:studio"><x:Reel>Seven</x:Reel></x:Studio>',
      decryptorSetup: 'ONDEMAND',
      xml,
    });
  });
});

describe('tolerance', () => {
  it.each([
    ['a byte order mark', `\uFEFF<WRMHEADER version="4.0.0.0"></WRMHEADER>`],
    ['NULs at the end', `<WRMHEADER version="4.0.0.0"></WRMHEADER>\0\0`],
    ['an XML declaration', `<?xml version="1.0" encoding="utf-16"?><WRMHEADER version="4.0.0.0"/>`],
    ['a prefix', `<p:WRMHEADER xmlns:p="${NS}" version="4.0.0.0"><p:DATA/></p:WRMHEADER>`],
    ['unknown elements', `<WRMHEADER version="4.0.0.0"><X/><DATA><Y/></DATA></WRMHEADER>`],
    ['empty elements', `<WRMHEADER version="4.0.0.0"><DATA><LA_URL/><CUSTOMATTRIBUTES/></DATA></WRMHEADER>`],
  ])('takes %s', (_, text) => {
    const { xml, ...header } = readPlayReadyHeader(utf16(text));
    expect(header).toEqual({ version: '4.0.0.0', keys: [] });
    expect(text).toContain(xml);
  });

  it('takes versions to come', () => {
    const xml = '<WRMHEADER version="4.9.0.0"><DATA><LA_URL>http://a/</LA_URL></DATA></WRMHEADER>';
    expect(readPlayReadyHeaderXml(xml)).toMatchObject({ version: '4.9.0.0', laUrl: 'http://a/' });
  });
});

describe('hostile headers', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['an odd number of bytes', utf16('<WRMHEADER version="4.0.0.0"/>').subarray(0, -1)],
    ['a lone surrogate', fromHex('00d8')!],
    ['UTF-8', new Uint8Array(Buffer.from('<WRMHEADER version="4.0.0.0"/>'))],
    ['another root', utf16('<HEADER version="4.0.0.0"/>')],
    ['no version', utf16('<WRMHEADER/>')],
    ['broken XML', utf16('<WRMHEADER version="4.0.0.0"><DATA></WRMHEADER>')],
    ['a KID that is none', utf16('<WRMHEADER version="4.0.0.0"><DATA><KID>AAAA</KID></DATA></WRMHEADER>')],
    ['a document type', utf16('<!DOCTYPE WRMHEADER><WRMHEADER version="4.0.0.0"/>')],
    [
      'an entity bomb',
      utf16(
        '<!DOCTYPE W [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><WRMHEADER version="&b;"></WRMHEADER>',
      ),
    ],
    ['deep nesting', utf16(`<WRMHEADER version="4">${'<a>'.repeat(4000)}${'</a>'.repeat(4000)}</WRMHEADER>`)],
    ['NULs before the end', utf16(`<WRMHEADER version="4">${'\0'.repeat(32_000)}x`)],
    ['unclosed comments', utf16(`<WRMHEADER version="4">${'<!--'.repeat(8000)}`)],
  ])('%s: an error of ours', (_, bytes) => {
    expect(() => readPlayReadyHeader(bytes)).toThrowError(
      expect.objectContaining({ code: 'MALFORMED_INPUT' }),
    );
  });

  it('are found at every truncation', () => {
    const bytes = headerOf(SHAKA_OBJECT_4_0);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readPlayReadyHeader(bytes.subarray(0, length))).toThrowError(
        expect.objectContaining({ code: 'MALFORMED_INPUT' }),
      );
    }
  });
});

it('reads back what was built', () => {
  const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const keys = fc.array(fc.record({ kid: bytes16.map(bytesToUuid), key: bytes16 }), {
    minLength: 1,
    maxLength: 5,
  });
  const path = fc.stringMatching(/^[!-~]{0,40}$/);
  const text = fc.stringMatching(/^[ -~]{1,40}$/);
  fc.assert(
    fc.property(keys, path, text, fc.boolean(), (list, urlPath, attribute, onDemand) => {
      const laUrl = `https://drm.example.com/${urlPath}`;
      const escaped = attribute.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
      const built = buildPlayReadyHeader({
        keys: list.map((key) => ({ ...key, algId: 'AESCTR' as const })),
        laUrl,
        customAttributes: `<n b="${escaped}" a="1"/>`,
        ...(onDemand && { decryptorSetup: 'on-demand' as const }),
      });
      const read = readPlayReadyHeader(utf16(built.xml));
      expect(read.version).toBe(built.version);
      expect(read.keys.map(({ kid }) => kid)).toEqual(list.map(({ kid }) => kid));
      expect(read.laUrl).toBe(laUrl);
      expect(read.customAttributes).toBe(`<n a="1" b="${escaped}"></n>`);
      expect(read.decryptorSetup).toBe(onDemand ? 'ONDEMAND' : undefined);
    }),
  );
});
