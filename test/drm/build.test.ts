import { describe, expect, it } from 'vitest';
import { fromHex, toBase64, toHex } from '../../src/bytes/hex.js';
import { type BuildableSystem, buildProtectionData, wrapPlayReadyObject } from '../../src/drm/build.js';
import { readPlayReadyHeader } from '../../src/drm/playready/header-reader.js';
import { readPlayReadyObject } from '../../src/drm/playready/object.js';
import { SHAKA_OBJECT_4_0, TEST_KEYS } from './playready/vectors.js';

const KEYS = TEST_KEYS.map(({ kid, keyHex }) => ({ kid, key: fromHex(keyHex)! }));
const VIDEO = KEYS[1]!;
const AUDIO = KEYS[2]!;

describe('protection data as shaka-packager writes it', () => {
  it('playready: version 0, no KID list', () => {
    const { protection, warnings } = buildProtectionData('playready', { keys: [VIDEO], scheme: 'cenc' });
    expect(protection.systemId).toBe('9a04f079-9840-4286-ab92-e65be0885f95');
    expect(protection.keyIds).toEqual([]);
    expect(toBase64(protection.data)).toBe(SHAKA_OBJECT_4_0);
    expect(warnings).toEqual([]);
  });

  it('common: version 1 with the KIDs', () => {
    const { protection } = buildProtectionData('common', { keys: [VIDEO, AUDIO], scheme: 'cenc' });
    expect(protection).toEqual({
      systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
      keyIds: [VIDEO.kid, AUDIO.kid],
      data: new Uint8Array(0),
    });
  });

  it('widevine: version 0, key ids in the data', () => {
    const { protection } = buildProtectionData('widevine', {
      keys: [VIDEO],
      scheme: 'cenc',
      contentId: fromHex('cafe')!,
    });
    expect(protection.systemId).toBe('edef8ba9-79d6-4ace-a3c8-27dcd51d21ed');
    expect(protection.keyIds).toEqual([]);
    expect(toHex(protection.data)).toBe('1210a2c786d0f9ef4cb3b333cd323a4284a52202cafe48e3dc959b06');
  });
});

describe('playready options', () => {
  it('reach header and object', () => {
    const { protection } = buildProtectionData('playready', {
      keys: [VIDEO, AUDIO],
      scheme: 'cenc',
      playready: {
        laUrl: 'https://drm.example.com/rm.asmx',
        luiUrl: 'https://drm.example.com/buy',
        dsId: 'EBESExQVFhcYGRobHB0eHw==',
        customAttributes: '<n/>',
        version: '4.3',
        checksum: false,
        decryptorSetup: 'on-demand',
        reserveLicenseStoreBytes: 10_240,
      },
    });
    const object = readPlayReadyObject(protection.data);
    expect(object.licenseStoreBytes).toBe(10_240);
    expect(readPlayReadyHeader(object.header!)).toMatchObject({
      version: '4.3.0.0',
      keys: [
        { kid: VIDEO.kid, algId: 'AESCTR' },
        { kid: AUDIO.kid, algId: 'AESCTR' },
      ],
      laUrl: 'https://drm.example.com/rm.asmx',
      luiUrl: 'https://drm.example.com/buy',
      dsId: 'EBESExQVFhcYGRobHB0eHw==',
      customAttributes: '<n></n>',
      decryptorSetup: 'ONDEMAND',
    });
    expect(toHex(object.header!)).not.toContain(toHex(new Uint8Array(Buffer.from('CHECKSUM', 'utf16le'))));
  });

  it('hand on the warnings', () => {
    const { warnings } = buildProtectionData('playready', {
      keys: [VIDEO],
      scheme: 'cenc',
      playready: { checksum: false },
    });
    expect(warnings).toEqual([expect.stringContaining('no CHECKSUM')]);
  });
});

describe('keys', () => {
  const systems: BuildableSystem[] = ['playready', 'common', 'widevine'];

  it.each(systems)('%s lists a KID of several tracks once', (system) => {
    const once = buildProtectionData(system, { keys: [VIDEO], scheme: 'cenc' });
    const twice = buildProtectionData(system, {
      keys: [{ kid: VIDEO.kid }, VIDEO, { kid: VIDEO.kid }],
      scheme: 'cenc',
    });
    expect(twice).toEqual(once);
  });

  it.each(systems)('%s refuses one KID with two keys, and shows none', (system) => {
    let thrown: unknown;
    try {
      buildProtectionData(system, { keys: [VIDEO, { kid: VIDEO.kid, key: AUDIO.key }], scheme: 'cenc' });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'KEY_CONFLICT' });
    expect(JSON.stringify(thrown)).not.toContain(toHex(VIDEO.key));
    expect(JSON.stringify(thrown)).not.toContain(toHex(AUDIO.key));
  });

  it.each(systems)('%s never writes one', (system) => {
    const { protection } = buildProtectionData(system, { keys: KEYS, scheme: 'cenc' });
    const text = Buffer.from(protection.data).toString('utf16le');
    for (const { key } of KEYS) {
      expect(toHex(protection.data)).not.toContain(toHex(key));
      expect(text).not.toContain(toBase64(key));
    }
  });

  it.each(systems)('%s refuses content without any', (system) => {
    expect(() => buildProtectionData(system, { keys: [], scheme: 'cenc' })).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

it('wraps an object made elsewhere', () => {
  const object = fromHex('0600000000' + '00')!;
  expect(wrapPlayReadyObject(object)).toEqual({
    systemId: '9a04f079-9840-4286-ab92-e65be0885f95',
    keyIds: [],
    data: object,
  });
});
