import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import { CPIX_VERSIONS, type CpixDocument } from '../../../src/keys/cpix/document.js';
import { readCpix } from '../../../src/keys/cpix/reader.js';
import { writeCpix } from '../../../src/keys/cpix/writer.js';
import { KEYS, KIDS, PLAYREADY, WIDEVINE } from './documents.js';

const full: CpixDocument = {
  id: 'doc-1',
  contentId: 'a "quoted" & <odd> id',
  recipients: [],
  contentKeys: [
    {
      kid: KIDS[0],
      key: ContentKey.fromHex(KEYS[0]),
      explicitIv: new Uint8Array(16).fill(7),
      commonEncryptionScheme: 'cbcs',
    },
    { kid: KIDS[1], dependsOnKey: KIDS[0] },
  ],
  drmSystems: [
    {
      systemId: PLAYREADY,
      kid: KIDS[0],
      name: 'PlayReady',
      pssh: Uint8Array.from([1, 2, 3]),
      contentProtectionData: '<mspr:pro>ü</mspr:pro>',
      hlsSignaling: { media: '#EXT-X-KEY:A', multivariant: '#EXT-X-SESSION-KEY:A' },
      smoothStreamingData: 'a&b',
    },
    {
      systemId: WIDEVINE,
      kid: KIDS[0],
      pssh: new Uint8Array(),
      contentProtectionData: '',
      hlsSignaling: { media: '' },
    },
  ],
  keyPeriods: [{ id: 'p1', index: 1, start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00Z' }],
  usageRules: [
    {
      kid: KIDS[0],
      intendedTrackType: 'HD',
      keyPeriodFilters: ['p1'],
      labelFilters: ['a<b'],
      videoFilters: [{ minPixels: 1, maxPixels: 2, hdr: true, wcg: false, minFps: 0, maxFps: 60 }, {}],
      audioFilters: [{ minChannels: 1, maxChannels: 6 }],
      bitrateFilters: [{ minBitrate: 1, maxBitrate: 9 }],
      unknownFilters: [],
    },
  ],
};

/** What a document says, with keys in the clear. */
function facts(document: CpixDocument): unknown {
  const contentKeys = document.contentKeys.map(({ key, ...rest }) => ({ ...rest, key: key?.revealHex() }));
  return { ...document, contentKeys };
}

describe('writeCpix', () => {
  it.each(['2.3', '2.4'] as const)('is read back as it was, in %s', (version) => {
    expect(facts(readCpix(writeCpix(full, version)))).toEqual(facts({ ...full, version }));
  });

  it('keeps to what each version has', () => {
    const has = (pattern: RegExp) =>
      CPIX_VERSIONS.filter((version) => pattern.test(writeCpix(full, version)));
    expect(has(/<cpix:CPIX [^>]* version="2\.\d"/)).toEqual(['2.3', '2.4']);
    expect(has(/playlist="master"/)).toEqual(['2.0', '2.1', '2.2', '2.3']);
    expect(has(/playlist="multiVariant"/)).toEqual(['2.4']);
    expect(has(/commonEncryptionScheme="cbcs"/)).toEqual(['2.3', '2.4']);
    expect(has(/ contentId="/)).toEqual(['2.1', '2.2', '2.3', '2.4']);
  });

  it('puts the content id into id for 2.0, as SPEKE 1.0 wants it', () => {
    const { id, ...rest } = full;
    expect(readCpix(writeCpix(rest, '2.0'))).toMatchObject({ id: full.contentId });
    expect(id).toBe('doc-1');
  });

  it('writes the lists in the order of the schema', () => {
    const xml = writeCpix(full, '2.4');
    const lists = [...xml.matchAll(/<cpix:(\w+List)>/g)].map((match) => match[1]);
    expect(lists).toEqual([
      'ContentKeyList',
      'DRMSystemList',
      'ContentKeyPeriodList',
      'ContentKeyUsageRuleList',
    ]);
  });

  it('writes the children of a DRMSystem in the order of the schema', () => {
    const drmSystems = [{ ...full.drmSystems[0]!, uriExtXKey: 'skd://x' }];
    const childrenIn = (version: (typeof CPIX_VERSIONS)[number]) =>
      [...writeCpix({ ...full, drmSystems }, version).matchAll(/<cpix:(PSSH|\w+Data|URIExtXKey)\b/g)].map(
        (match) => match[1],
      );
    const [before, behind] = [
      ['PSSH', 'ContentProtectionData'],
      ['HLSSignalingData', 'HLSSignalingData', 'SmoothStreamingProtectionHeaderData'],
    ];
    expect(childrenIn('2.3')).toEqual([...before!, 'URIExtXKey', ...behind!]);
    expect(childrenIn('2.4')).toEqual([...before!, ...behind!]);
  });

  it('writes an empty element for what is asked for', () => {
    const xml = writeCpix(full, '2.3');
    expect(xml).toMatch(
      /systemId="edef8ba9[^>]*><cpix:PSSH><\/cpix:PSSH><cpix:ContentProtectionData><\/cpix:ContentProtectionData>/,
    );
  });

  it('does not write rules that it did not understand', () => {
    const usageRules = [{ ...full.usageRules[0], unknownFilters: ['SportFilter'] }];
    expect(() => writeCpix({ ...full, usageRules }, '2.4')).toThrow('cannot write');
  });

  it('brings back any text', () => {
    const texts = fc
      .string({ unit: 'binary', maxLength: 40 })
      .filter((t) => !/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(t));
    fc.assert(
      fc.property(texts, texts, fc.uint8Array({ minLength: 1 }), (contentId, label, pssh) => {
        const usageRules = [{ ...full.usageRules[0], labelFilters: [label] }];
        const drmSystems = [{ ...full.drmSystems[0], pssh, contentProtectionData: label }];
        const document = { ...full, contentId, usageRules, drmSystems };
        expect(facts(readCpix(writeCpix(document, '2.4')))).toEqual(facts({ ...document, version: '2.4' }));
      }),
      { numRuns: 100 },
    );
  });
});
