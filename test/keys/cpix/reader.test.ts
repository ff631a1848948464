import { describe, expect, it } from 'vitest';
import { readCpix } from '../../../src/keys/cpix/reader.js';
import {
  base64,
  cpix,
  KEYS,
  KIDS,
  keyList,
  PLAYREADY,
  plainKey,
  rule,
  ruleList,
  spellingsOf,
  WIDEVINE,
} from './documents.js';

const text = (value: string) => Buffer.from(value).toString('base64');
const PSSH = Uint8Array.from([0, 0, 0, 8, 0x70, 0x73, 0x73, 0x68]);
const PSSH64 = Buffer.from(PSSH).toString('base64');

describe('readCpix', () => {
  it('reads an answer in the shape of SPEKE 1.0 (CPIX 2.0)', () => {
    const read = readCpix(
      cpix(
        keyList(plainKey(0, 'explicitIV="OFj2IjCsPJFfMAxmQxLGPw=="')) +
          `<cpix:DRMSystemList><cpix:DRMSystem kid="${KIDS[0].toUpperCase()}" systemId="${PLAYREADY.toUpperCase()}">` +
          `<cpix:PSSH>${PSSH64}</cpix:PSSH><cpix:URIExtXKey>${text('skd://x')}</cpix:URIExtXKey>` +
          '<speke:KeyFormat>com.microsoft.playready</speke:KeyFormat><speke:KeyFormatVersions>1</speke:KeyFormatVersions>' +
          '<speke:ProtectionHeader>cHJv</speke:ProtectionHeader></cpix:DRMSystem></cpix:DRMSystemList>',
        'id="movie-1"',
      ),
    );
    expect(read).toMatchObject({ id: 'movie-1', recipients: [], keyPeriods: [], usageRules: [] });
    expect(read.version).toBeUndefined();
    expect(read.contentKeys[0].key!.revealHex()).toBe(KEYS[0]);
    expect(Buffer.from(read.contentKeys[0].explicitIv!).toString('hex')).toBe(
      '3858f62230ac3c915f300c664312c63f',
    );
    expect(read.drmSystems).toEqual([
      {
        systemId: PLAYREADY,
        kid: KIDS[0],
        pssh: PSSH,
        uriExtXKey: 'skd://x',
        spekeKeyFormat: 'com.microsoft.playready',
        spekeKeyFormatVersions: '1',
        spekeProtectionHeader: 'cHJv',
      },
    ]);
  });

  it('reads an answer in the shape of SPEKE 2.0 (CPIX 2.3) with keys by resolution', () => {
    const read = readCpix(
      cpix(
        keyList(plainKey(0, 'commonEncryptionScheme="cbcs"'), plainKey(1, 'commonEncryptionScheme="cbcs"')) +
          `<cpix:DRMSystemList><cpix:DRMSystem kid="${KIDS[0]}" systemId="${WIDEVINE}"><cpix:PSSH>${PSSH64}</cpix:PSSH>` +
          `<cpix:ContentProtectionData>${text('<cenc:pssh/>')}</cpix:ContentProtectionData>` +
          `<cpix:HLSSignalingData playlist="media">${text('#EXT-X-KEY:1')}</cpix:HLSSignalingData>` +
          `<cpix:HLSSignalingData playlist="master">${text('#EXT-X-SESSION-KEY:1')}</cpix:HLSSignalingData>` +
          '<cpix:SmoothStreamingProtectionHeaderData>c21vb3Ro</cpix:SmoothStreamingProtectionHeaderData>' +
          '</cpix:DRMSystem></cpix:DRMSystemList>' +
          ruleList(
            rule(
              0,
              '<cpix:VideoFilter minPixels="1" maxPixels="589824" hdr="0" maxFps="30"/>',
              'intendedTrackType="SD"',
            ),
            rule(
              1,
              '<cpix:AudioFilter minChannels="1" maxChannels="2"/>',
              'intendedTrackType="STEREO_AUDIO"',
            ),
          ),
        'contentId="abc123" version="2.3"',
      ),
    );
    expect(read).toMatchObject({ contentId: 'abc123', version: '2.3' });
    expect(read.contentKeys.map((key) => key.commonEncryptionScheme)).toEqual(['cbcs', 'cbcs']);
    expect(read.drmSystems[0]).toMatchObject({
      contentProtectionData: '<cenc:pssh/>',
      hlsSignaling: { media: '#EXT-X-KEY:1', multivariant: '#EXT-X-SESSION-KEY:1' },
      smoothStreamingData: 'c21vb3Ro',
    });
    expect(read.usageRules[0]).toMatchObject({
      kid: KIDS[0],
      intendedTrackType: 'SD',
      videoFilters: [{ minPixels: 1, maxPixels: 589824, hdr: false, maxFps: 30 }],
    });
    expect(read.usageRules[1].audioFilters).toEqual([{ minChannels: 1, maxChannels: 2 }]);
  });

  it('reads a document in the shape of the DASH-IF examples (CPIX 2.4): default namespace, periods, key hierarchy', () => {
    const read = readCpix(
      `<?xml version="1.0" encoding="UTF-8"?>
<CPIX xmlns="urn:dashif:org:cpix" xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc" contentId="bulk" version="2.4">
  <ContentKeyList>
    <ContentKey kid="${KIDS[0]}" commonEncryptionScheme="cenc">
      <HDCPData HLSHDCPLevel="TYPE-1"/>
      <Data>
        <pskc:Secret>
          <pskc:PlainValue>
            ${base64(KEYS[0])}
          </pskc:PlainValue>
        </pskc:Secret>
      </Data>
    </ContentKey>
    <ContentKey kid="${KIDS[1]}" dependsOnKey="${KIDS[0]}"/>
  </ContentKeyList>
  <DRMSystemList>
    <DRMSystem kid="${KIDS[0]}" systemId="${WIDEVINE}" name="wv">
      <ContentProtectionData robustness="SW">${text('<a/>')}</ContentProtectionData>
      <HLSSignalingData playlist="multiVariant">${text('x')}</HLSSignalingData>
    </DRMSystem>
  </DRMSystemList>
  <ContentKeyPeriodList><ContentKeyPeriod id="p1" index="7" start="2026-01-01T00:00:00Z"/></ContentKeyPeriodList>
  <ContentKeyUsageRuleList>
    <ContentKeyUsageRule kid="${KIDS[1]}"><KeyPeriodFilter periodId="p1"/><LabelFilter label="HD"/><BitrateFilter maxBitrate="8000000"/></ContentKeyUsageRule>
  </ContentKeyUsageRuleList>
  <UpdateHistoryItemList><UpdateHistoryItem updateVersion="1" index="1" source="s" date="2026-01-01T00:00:00Z"/></UpdateHistoryItemList>
</CPIX>`,
    );
    expect(read.contentKeys[0].key!.revealHex()).toBe(KEYS[0]);
    expect(read.contentKeys[1]).toEqual({ kid: KIDS[1], dependsOnKey: KIDS[0] });
    expect(read.drmSystems[0]).toMatchObject({ name: 'wv', hlsSignaling: { multivariant: 'x' } });
    expect(read.keyPeriods).toEqual([{ id: 'p1', index: 7, start: '2026-01-01T00:00:00Z' }]);
    expect(read.usageRules[0]).toMatchObject({
      keyPeriodFilters: ['p1'],
      labelFilters: ['HD'],
      bitrateFilters: [{ maxBitrate: 8_000_000 }],
      unknownFilters: [],
    });
  });

  it('reads a request: keys and signalling asked for are empty, others absent', () => {
    const read = readCpix(
      cpix(
        keyList(`<cpix:ContentKey kid="${KIDS[0]}" explicitIV=""/>`) +
          `<cpix:DRMSystemList><cpix:DRMSystem kid="${KIDS[0]}" systemId="${PLAYREADY}"><cpix:PSSH/>` +
          '<cpix:HLSSignalingData playlist="media"/></cpix:DRMSystem></cpix:DRMSystemList>',
      ),
    );
    expect(read.contentKeys).toEqual([{ kid: KIDS[0] }]);
    expect(read.drmSystems).toEqual([
      { systemId: PLAYREADY, kid: KIDS[0], pssh: new Uint8Array(), hlsSignaling: { media: '' } },
    ]);
  });

  it('takes Data in the namespace of PSKC, as the schemas up to 2.3 have it', () => {
    const xml = cpix(keyList(plainKey(0))).replaceAll('cpix:Data>', 'pskc:Data>');
    expect(readCpix(xml).contentKeys[0].key!.revealHex()).toBe(KEYS[0]);
  });

  it('marks filters that it does not know, whatever their namespace', () => {
    const other = '<x:SportFilter xmlns:x="urn:x"/><cpix:MoodFilter/><x:VideoFilter xmlns:x="urn:x"/>';
    const read = readCpix(cpix(keyList(plainKey(0)) + ruleList(rule(0, other))));
    expect(read.usageRules[0]).toMatchObject({
      videoFilters: [],
      unknownFilters: ['SportFilter', 'MoodFilter', 'VideoFilter'],
    });
  });

  const BOMB = `<!DOCTYPE b [<!ENTITY a "${'x'.repeat(99)}">${[...'bcdefgh'].map((name, i) => `<!ENTITY ${name} "${`&${'abcdefgh'[i]};`.repeat(9)}">`).join('')}]>`;
  it.each([
    ['an entity bomb', BOMB + cpix(`${keyList(plainKey(0))}&h;`)],
    ['an external entity', `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${cpix('&e;')}`],
    ['a document type alone', `<!DOCTYPE CPIX>${cpix(keyList(plainKey(0)))}`],
    ['a parameter entity', `<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x">%p;]>${cpix('')}`],
    ['an undeclared entity', cpix('&e;')],
    ['a cut document', cpix(keyList(plainKey(0))).slice(0, -20)],
    ['deep nesting', cpix('<cpix:a>'.repeat(5000) + '</cpix:a>'.repeat(5000))],
    ['another root', '<CPIX/>'],
    ['no XML', 'Service unavailable'],
    ['nothing', ''],
    ['a KID that is no UUID', cpix('<cpix:ContentKeyList><cpix:ContentKey kid="x"/></cpix:ContentKeyList>')],
    ['a KID twice', cpix(keyList(plainKey(0), plainKey(0)))],
    ['a short key', cpix(keyList(plainKey(0)).replace(base64(KEYS[0]), base64(KEYS[0].slice(2))))],
    ['a key in hex', cpix(keyList(plainKey(0)).replace(base64(KEYS[0]), KEYS[0]))],
    ['a short IV', cpix(keyList(plainKey(0, 'explicitIV="AAAA"')))],
    [
      'an unknown playlist',
      cpix(
        `<cpix:DRMSystemList><cpix:DRMSystem kid="${KIDS[0]}" systemId="${WIDEVINE}"><cpix:HLSSignalingData playlist="main"/></cpix:DRMSystem></cpix:DRMSystemList>`,
      ),
    ],
    ['a bound that is no number', cpix(ruleList(rule(0, '<cpix:VideoFilter minPixels="-1"/>')))],
    ['key material as markup', cpix(keyList(plainKey(0)).replace('<pskc:PlainValue>', '<pskc:PlainValue <'))],
    ['key material as a tag', cpix(keyList(plainKey(0)).replace('<pskc:PlainValue>', '<'))],
  ])('refuses %s, and repeats no key', (_, xml) => {
    try {
      readCpix(xml);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: 'PrpackError', code: 'KEY_INVALID' });
      const said = `${(error as Error).stack}${JSON.stringify(error)}${(error as Error).cause}`;
      for (const spelling of spellingsOf(KEYS[0])) expect(said).not.toContain(spelling);
    }
  });

  it('refuses a document over the limit without parsing it', () => {
    const notXml = '<<<'; // which a parser would say first
    expect(() => readCpix(notXml)).not.toThrow('too long');
    expect(() => readCpix(`${notXml}${' '.repeat(4 * 1024 * 1024)}`)).toThrow('too long');
  });
});
