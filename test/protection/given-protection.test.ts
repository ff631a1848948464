import { describe, expect, it } from 'vitest';
import { buildProtectionData } from '../../src/drm/build.js';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import { writePssh } from '../../src/isobmff/boxes/pssh.js';
import { ContentKey } from '../../src/keys/content-key.js';
import type { AssignedKey, GivenProtection } from '../../src/keys/key-source.js';
import { readGivenProtection } from '../../src/protection/given-protection.js';
import { PROVIDER_LA_URL, providerData, providerKey, providerPssh } from '../keys/providers.js';

const { playready: PLAYREADY, widevine: WIDEVINE, common: COMMON } = SYSTEM_IDS;
const MARLIN = '5e629af5-38da-4063-8977-97ffbd9902d4';
const [HD, AUDIO] = [providerKey('film', 'HD'), providerKey('film', 'AUDIO')];
const GOOD = providerPssh('playready', HD);

/** A key whose source gave this data with it. */
function withData(
  { kid, key }: { kid: AssignedKey['kid']; key: ContentKey },
  ...given: readonly (readonly [systemId: string, data: Uint8Array])[]
): AssignedKey {
  const protection = given.map(
    ([systemId, data]): GivenProtection => ({ systemId, data, origin: 'keys.xml' }),
  );
  return { trackId: 1, kid, key, source: 'cpix', protection };
}

function boxesOf(...keys: readonly AssignedKey[]) {
  const read = readGivenProtection(keys, () => true);
  return [...read].map(([systemId, boxes]) => [systemId, boxes.map(({ box }) => box)]);
}

function refusal(...keys: readonly AssignedKey[]): unknown {
  try {
    readGivenProtection(keys, () => true);
  } catch (error) {
    return error;
  }
  throw new Error('it was taken');
}

/** A header of PlayReady as others write it, by its XML. */
function playReady(xml: string): Uint8Array {
  const text = Buffer.from(xml, 'utf16le');
  const object = Buffer.alloc(10 + text.length);
  object.writeUInt32LE(object.length, 0);
  object.writeUInt16LE(1, 4);
  object.writeUInt16LE(1, 6);
  object.writeUInt16LE(text.length, 8);
  text.copy(object, 10);
  return writePssh({ systemId: PLAYREADY, keyIds: [], data: object });
}

function wrm(version: string, data: string): Uint8Array {
  return playReady(
    `<WRMHEADER xmlns="http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader" version="${version}"><DATA>${data}</DATA></WRMHEADER>`,
  );
}

describe('data that comes with keys', () => {
  it('is taken as it is: a box, a bare PlayReady Object, data of a system that is not known here', () => {
    const opaque = writePssh({ systemId: MARLIN, keyIds: [HD.kid], data: Buffer.from('anything') });
    const { data: object } = providerData('playready', HD);
    const widevine = providerPssh('widevine', HD);
    const given = withData(HD, [PLAYREADY, object], [MARLIN, opaque], [WIDEVINE, widevine]);
    expect(boxesOf(given)).toEqual([
      [PLAYREADY, [GOOD]],
      [MARLIN, [opaque]],
      [WIDEVINE, [widevine]],
    ]);
    const [box] = readGivenProtection([given], () => true).get(PLAYREADY)!;
    expect(box).toMatchObject({ isPlayReady: true, laUrl: PROVIDER_LA_URL, origin: 'keys.xml' });
  });

  it('is taken once where keys share it, and for each key where they do not', () => {
    const shared = providerPssh('playready', HD, AUDIO);
    const [hd, audio] = [withData(HD, [PLAYREADY, shared]), withData(AUDIO, [PLAYREADY, shared])];
    expect(boxesOf(hd, audio, hd)).toEqual([[PLAYREADY, [shared]]]);
    expect(boxesOf(hd, withData(AUDIO))).toEqual([[PLAYREADY, [shared]]]);
    const own = providerPssh('playready', AUDIO);
    expect(boxesOf(withData(HD, [PLAYREADY, GOOD]), withData(AUDIO, [PLAYREADY, own]))).toEqual([
      [PLAYREADY, [GOOD, own]],
    ]);
  });

  it('may name no KID, where the license server finds the key otherwise', () => {
    const onDemand = wrm('4.2.0.0', '<DECRYPTORSETUP>ONDEMAND</DECRYPTORSETUP>');
    expect(boxesOf(withData(HD, [PLAYREADY, onDemand]))).toEqual([[PLAYREADY, [onDemand]]]);
    const byContent = writePssh({ systemId: WIDEVINE, keyIds: [], data: Buffer.from([0x22, 1, 0x61]) }); // content_id "a"
    expect(boxesOf(withData(HD, [WIDEVINE, byContent]))).toEqual([[WIDEVINE, [byContent]]]);
  });

  it('is not looked at where it is not wanted', () => {
    const bad = withData(HD, [WIDEVINE, new Uint8Array(3)]);
    expect(readGivenProtection([bad], (systemId) => systemId === PLAYREADY).size).toBe(0);
  });

  const kidElement = (attributes: string) =>
    `<PROTECTINFO><KIDS><KID ${attributes}></KID></KIDS></PROTECTINFO>`;
  const other = buildProtectionData('playready', {
    keys: [{ kid: HD.kid, key: ContentKey.random().revealBytes() }],
    scheme: 'cenc',
  }).protection;
  const guid = /<KID[^>]* VALUE="([^"]+)"/.exec(
    Buffer.from(
      buildProtectionData('playready', {
        keys: [HD, AUDIO].map(({ kid }) => ({ kid })),
        scheme: 'cenc',
      }).protection.data,
    ).toString('utf16le'),
  )![1];
  const longHeader = wrm('4.2.0.0', `${kidElement(`VALUE="${guid}"`)}<!--${'x'.repeat(8000)}-->`);

  it.each<[string, string, Uint8Array, RegExp]>([
    ['of another system', PLAYREADY, providerPssh('widevine', HD), /is of Widevine$/],
    [
      'a bare PlayReady Object for Widevine',
      WIDEVINE,
      providerData('playready', HD).data,
      /not one whole pssh box$/,
    ],
    ['of no box', PLAYREADY, Buffer.from('<WRMHEADER/>'), /is not one whole pssh box$/],
    ['of two boxes', PLAYREADY, Buffer.concat([GOOD, GOOD]), /is not one whole pssh box$/],
    [
      'with bytes behind the box',
      PLAYREADY,
      Buffer.concat([GOOD, Buffer.alloc(3)]),
      /not one whole pssh box$/,
    ],
    ['with bytes behind its data', PLAYREADY, grown(GOOD, 4), /is not one whole pssh box$/],
    [
      'of many bytes',
      MARLIN,
      writePssh({ systemId: MARLIN, keyIds: [], data: new Uint8Array(65_536) }),
      /has 65568 bytes, more than 65536$/,
    ],
    ['of a long PlayReady Object', PLAYREADY, longHeader, /has 16\d\d\d bytes, more than 15360$/],
    [
      'of a PlayReady Object with a wrong length',
      PLAYREADY,
      writePssh({ systemId: PLAYREADY, keyIds: [], data: Buffer.from('ffff00000100', 'hex') }),
      /cannot be read$/,
    ],
    ['of XML that is not well-formed', PLAYREADY, playReady('<WRMHEADER'), /cannot be read$/],
    ['for another KID', PLAYREADY, providerPssh('playready', AUDIO), /does not name this KID$/],
    ['for another KID, of Widevine', WIDEVINE, providerPssh('widevine', AUDIO), /does not name this KID$/],
    [
      'whose box lists another KID',
      PLAYREADY,
      writePssh({ ...providerData('playready', HD), keyIds: [AUDIO.kid] }),
      /does not name this KID$/,
    ],
    [
      'for another KID, of the common system',
      COMMON,
      writePssh({ systemId: COMMON, keyIds: [AUDIO.kid], data: new Uint8Array() }),
      /does not name this KID$/,
    ],
    ['with the checksum of another key', PLAYREADY, writePssh(other), /has the CHECKSUM of another key$/],
    [
      'for CBC mode',
      PLAYREADY,
      wrm('4.3.0.0', kidElement(`ALGID="AESCBC" VALUE="${guid}"`)),
      /is not for AES in counter mode$/,
    ],
  ])('is refused %s', (_, systemId, data, problem) => {
    const error = refusal(withData(HD, [systemId, data]));
    expect(error).toMatchObject({ code: 'KEY_SOURCE_FAILED', message: expect.stringMatching(problem) });
    expect((error as Error).message).toMatch(new RegExp(`that keys.xml has for KID ${HD.kid} `));
    expect(error).toMatchObject({ details: { remedy: expect.stringMatching(/./) } });
  });

  it('is taken for CBC mode where the scheme uses it, and where its header leaves the mode to the license', () => {
    const box = (algId: string) => wrm('4.3.0.0', kidElement(`${algId}VALUE="${guid}"`));
    const key = (algorithm: 'AESCTR' | 'AESCBC', data: Uint8Array) => ({
      ...withData(HD, [PLAYREADY, data]),
      algorithm,
    });
    for (const algId of ['ALGID="AESCBC" ', '']) {
      expect(boxesOf(key('AESCBC', box(algId)))).toEqual([[PLAYREADY, [box(algId)]]]);
    }
    expect(boxesOf(key('AESCTR', box('')))).toEqual([[PLAYREADY, [box('')]]]);
    expect(refusal(key('AESCBC', box('ALGID="AESCTR" ')))).toMatchObject({
      message: expect.stringMatching(/is not for AES in CBC mode$/),
    });
  });

  it('is refused cut off anywhere', () => {
    for (let length = 0; length < GOOD.length; length++) {
      expect(refusal(withData(HD, [PLAYREADY, GOOD.slice(0, length)]))).toMatchObject({
        code: 'KEY_SOURCE_FAILED',
      });
    }
  });

  it('is refused where it is there for some keys only', () => {
    const error = refusal(withData(HD, [PLAYREADY, GOOD]), withData(AUDIO));
    expect(error).toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: `keys.xml has protection data of PlayReady for other keys, but none for KID ${AUDIO.kid}`,
    });
  });
});

/** A box whose size covers bytes that its data does not. */
function grown(box: Uint8Array, bytes: number): Uint8Array {
  const longer = Buffer.concat([box, Buffer.alloc(bytes)]);
  longer.writeUInt32BE(longer.length, 0);
  return longer;
}
