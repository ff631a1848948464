import { describe, expect, it } from 'vitest';
import { contentProtection } from '../../../src/manifest/dash/content-protection.js';
import { element, xmlDocument } from '../../../src/manifest/dash/xml.js';
import type { Protection, ProtectionSystem } from '../../../src/manifest/presentation.js';
import { protectionOf, VIDEO_KID } from '../examples.js';

const FAIRPLAY_ID = '94ce86fb-07ff-4f43-adb8-93d2fa968ca2';

function textOf(protection: Protection): string[] {
  return xmlDocument(element('x', {}, ...contentProtection(protection)))
    .split('\n')
    .slice(2, -2)
    .map((line) => line.slice(2));
}

function withSystem(system: ProtectionSystem, scheme: Protection['scheme'] = 'cbcs'): string[] {
  return textOf({ scheme, kid: VIDEO_KID, systems: [system] }).slice(1);
}

describe('ContentProtection', () => {
  it('names scheme and KID, then what each system has', () => {
    // base64 of 01 10, 02 10 and 03 10
    expect(textOf(protectionOf(VIDEO_KID))).toEqual([
      `<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc" cenc:default_KID="${VIDEO_KID}"/>`,
      '<ContentProtection schemeIdUri="urn:uuid:9a04f079-9840-4286-ab92-e65be0885f95" value="MSPR 2.0">',
      '  <cenc:pssh>ARA=</cenc:pssh>',
      '  <mspr:pro>AhA=</mspr:pro>',
      '  <dashif:Laurl>https://drm.example.com/rm?a=1&#38;b=2</dashif:Laurl>',
      '</ContentProtection>',
      '<ContentProtection schemeIdUri="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed" value="Widevine">',
      '  <cenc:pssh>AxA=</cenc:pssh>',
      '</ContentProtection>',
    ]);
  });

  it('has the license URL of Clear Key', () => {
    const systemId = 'E2719D58-A985-B3C9-781A-B030AF78D30E';
    expect(withSystem({ name: 'clearkey', systemId, licenseUrl: 'https://example.com/l' })).toEqual([
      '<ContentProtection schemeIdUri="urn:uuid:e2719d58-a985-b3c9-781a-b030af78d30e" value="ClearKey1.0">',
      '  <dashif:Laurl>https://example.com/l</dashif:Laurl>',
      '</ContentProtection>',
    ]);
  });

  it('has the Common system behind Clear Key, whose license URL shaka-player would not find else', () => {
    const common: ProtectionSystem = { name: 'other', systemId: 'c', psshBox: Uint8Array.of(1) };
    const clearKey: ProtectionSystem = {
      name: 'clearkey',
      systemId: 'k',
      licenseUrl: 'https://example.com/l',
    };
    const text = textOf({ scheme: 'cenc', kid: VIDEO_KID, systems: [common, clearKey] }).join('\n');
    expect(text.indexOf('urn:uuid:k')).toBeLessThan(text.indexOf('urn:uuid:c'));
  });

  it('has no descriptor that says nothing, and FairPlay for cbcs only', () => {
    const fairplay: ProtectionSystem = { name: 'fairplay', systemId: FAIRPLAY_ID };
    const withBox = { ...fairplay, psshBox: Uint8Array.of(1) };
    expect(withSystem(fairplay)).toEqual([]);
    expect(withSystem(withBox, 'cenc')).toEqual([]);
    expect(withSystem(withBox)[0]).toContain('value="FairPlay"');
  });

  it('has what a key server gave as it is, if it is well-formed', () => {
    const system: ProtectionSystem = { name: 'other', systemId: FAIRPLAY_ID };
    const given = { contentProtection: ' <cenc:pssh>AAAA</cenc:pssh><a xmlns="urn:a" b="&amp;"/> ' };
    expect(withSystem({ ...system, psshBox: Uint8Array.of(1), given })).toEqual([
      `<ContentProtection schemeIdUri="urn:uuid:${FAIRPLAY_ID}">`,
      '  <cenc:pssh>AAAA</cenc:pssh><a xmlns="urn:a" b="&amp;"/>',
      '</ContentProtection>',
    ]);
    for (const contentProtection of ['<cenc:pssh>', '</given><given>', '<unknown:x/>', '&nbsp;']) {
      expect(() => withSystem({ ...system, given: { contentProtection } })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});
