import { describe, expect, it } from 'vitest';
import { keyLines, sessionKeyLines } from '../../../src/manifest/hls/keys.js';
import type { GivenSignalling, Protection, ProtectionSystem } from '../../../src/manifest/presentation.js';
import { audio, ON_DEMAND, protectionOf, VIDEO_KID } from '../examples.js';

const FAIRPLAY: ProtectionSystem = { name: 'fairplay', systemId: '94ce86fb-07ff-4f43-adb8-93d2fa968ca2' };
const CLEAR_KEY: ProtectionSystem = { name: 'clearkey', systemId: 'e2719d58-a985-b3c9-781a-b030af78d30e' };
const COMMON: ProtectionSystem = {
  name: 'other',
  systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
  psshBox: Uint8Array.of(1),
};

function linesOf(system: ProtectionSystem, scheme: Protection['scheme'] = 'cbcs'): string[] {
  return keyLines({ scheme, kid: VIDEO_KID, systems: [system] });
}

describe('EXT-X-KEY', () => {
  it('has the PlayReady Object without a box, and the box of Widevine', () => {
    // base64 of 02 10 and 03 10
    expect(keyLines(protectionOf(VIDEO_KID))).toEqual([
      '#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="data:text/plain;charset=UTF-16;base64,AhA=",KEYFORMAT="com.microsoft.playready",KEYFORMATVERSIONS="1"',
      '#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="data:text/plain;base64,AxA=",KEYID=0x10000000100010001000100000000001,KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",KEYFORMATVERSIONS="1"',
    ]);
    expect(keyLines(protectionOf(VIDEO_KID, 'cbcs'))[0]).toMatch(/^#EXT-X-KEY:METHOD=SAMPLE-AES,/);
  });

  it('has the key URI of FairPlay, for cbcs only', () => {
    const line = (uri: string) =>
      `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${uri}",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"`;
    expect(linesOf(FAIRPLAY)).toEqual([line('skd://10000000100010001000100000000001')]);
    expect(linesOf({ ...FAIRPLAY, keyUri: 'skd://film/42' })).toEqual([line('skd://film/42')]);
    expect(linesOf(FAIRPLAY, 'cenc')).toEqual([]);
  });

  it('has the KID for Clear Key, and never a KEYFORMAT of "identity"', () => {
    expect(linesOf(CLEAR_KEY)).toEqual([
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,EAAAABAAEAAQABAAAAAAAQ==",KEYFORMAT="org.w3.clearkey",KEYFORMATVERSIONS="1"',
    ]);
    expect(linesOf(COMMON)).toEqual([]);
    expect(linesOf({ name: 'playready', systemId: 'x' })).toEqual([]);
  });

  it('is what a key server gave, unless it is no line of a protection system', () => {
    const given = (hlsKey: string): ProtectionSystem => ({
      ...COMMON,
      given: { hlsKey } satisfies GivenSignalling,
    });
    const line = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="x://y",KEYFORMAT="com.example"';
    expect(linesOf(given(`${line}\n`))).toEqual([line]);
    const refused = [
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="x://y"',
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="x://y",KEYFORMAT="identity"',
      '#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="x://y",KEYFORMAT="com.example"',
      `${line}\n#EXT-X-ENDLIST`,
    ];
    for (const one of refused) {
      expect(() => linesOf(given(one))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    }
  });
});

describe('EXT-X-SESSION-KEY', () => {
  it('lists each key of all sets once', () => {
    // two systems, of video and of two languages of one key: 2 + 2 lines
    const lines = sessionKeyLines(ON_DEMAND);
    expect(lines).toHaveLength(4);
    expect(lines.every((line) => line.startsWith('#EXT-X-SESSION-KEY:'))).toBe(true);
  });

  it('has what was given for all keys of a scheme in place of what each set has', () => {
    const playready = { ...protectionOf(VIDEO_KID).systems[0], playreadyObject: Uint8Array.of(9) };
    const lines = sessionKeyLines({ ...ON_DEMAND, session: [{ scheme: 'cenc', systems: [playready] }] });
    expect(lines.filter((line) => line.includes('com.microsoft.playready'))).toEqual([
      expect.stringContaining('base64,CQ=='),
    ]);
    expect(lines.filter((line) => line.includes('edef8ba9'))).toHaveLength(2);
    const cbcs = { ...audio(2, 'en', 'English'), protection: protectionOf(VIDEO_KID, 'cbcs') };
    const ofBoth = sessionKeyLines({
      durationSeconds: 8,
      switchingSets: [cbcs],
      session: [{ scheme: 'cenc', systems: [playready] }],
    });
    expect(ofBoth.filter((line) => line.includes('com.microsoft.playready'))).toHaveLength(2);
  });

  it('is what a key server gave for the multivariant playlist', () => {
    const line = '#EXT-X-SESSION-KEY:METHOD=SAMPLE-AES,URI="x://y",KEYFORMAT="com.example"';
    const protection = {
      ...protectionOf(VIDEO_KID),
      systems: [{ ...COMMON, given: { hlsSessionKey: line } }],
    };
    const set = { ...audio(2, 'en', 'English'), protection };
    expect(sessionKeyLines({ durationSeconds: 8, switchingSets: [set] })).toEqual([line]);
  });
});
