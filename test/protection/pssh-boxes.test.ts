import { describe, expect, it } from 'vitest';
import { SYSTEM_IDS } from '../../src/drm/system-ids.js';
import { writePssh } from '../../src/isobmff/boxes/pssh.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { newKeyId } from '../../src/keys/key-id.js';
import type { AssignedKey } from '../../src/keys/key-source.js';
import { parsePssh } from '../../src/protection/pssh.js';
import {
  assertSystemsHaveBoxes,
  buildPeriodPsshBoxes,
  buildPsshBoxes,
  type PsshBoxes,
  wantedOfKeySource,
} from '../../src/protection/pssh-boxes.js';

const LA_URL = 'https://drm.example/rm.asmx';
const keyOf = (period: number, algorithm: 'AESCTR' | 'AESCBC' = 'AESCTR'): AssignedKey => ({
  trackId: 1,
  kid: newKeyId(),
  key: ContentKey.random(),
  source: 'random',
  algorithm,
  period,
});
const described = async ({ boxes }: PsshBoxes) =>
  (await Promise.all(boxes.map((box) => parsePssh(box)))).flat();

it('writes the boxes of the scheme', async () => {
  const { boxes, warnings } = buildPsshBoxes([keyOf(0, 'AESCBC')], {
    scheme: 'cbcs',
    systems: ['playready', 'widevine'],
    playready: { laUrl: LA_URL },
  });
  const [playready, widevine] = await described({ boxes, warnings });
  expect(playready).toMatchObject({ playready: { version: '4.3.0.0', keys: [{ algId: 'AESCBC' }] } });
  expect(playready!.playready!.keys[0]).not.toHaveProperty('checksum');
  expect(widevine).toMatchObject({ widevine: { protectionScheme: 'cbcs' } });
  expect(warnings).toEqual([expect.stringContaining('4.4')]);
});

describe('FairPlay', () => {
  it('has no box', () => {
    expect(buildPsshBoxes([keyOf(0)], { systems: ['fairplay'] }).boxes).toEqual([]);
    expect(() => assertSystemsHaveBoxes({ systems: ['playready', 'fairplay'] })).toThrow(
      'FairPlay has no pssh box',
    );
  });

  it('is wanted of the key source where it is named, unless its URI is given', () => {
    const systems = ['common', 'fairplay'] as const;
    expect(wantedOfKeySource({ systems })).toEqual([SYSTEM_IDS.fairplay]);
    expect(wantedOfKeySource({ systems, fairplayUri: 'skd://x/{kid}' })).toEqual([]);
  });
});

describe('boxes of rotating keys', () => {
  const periods = [[keyOf(0)], [keyOf(1)]];
  const kidsOf = async (boxes: PsshBoxes) =>
    (await described(boxes)).map(({ name, keyIds }) => [name, ...keyIds]);

  it('are those of each period, and in the movie those of the first', async () => {
    const extra = writePssh({ systemId: SYSTEM_IDS.widevine, keyIds: [], data: new Uint8Array([0x48, 0]) });
    const built = buildPeriodPsshBoxes(periods, { playready: { laUrl: LA_URL }, extraPssh: [extra] });
    const systems = (kid: string) => [
      ['PlayReady', kid],
      ['W3C Common (Clear Key)', kid],
    ];
    expect(await Promise.all(built.periods.map(kidsOf))).toEqual(periods.map(([key]) => systems(key!.kid)));
    expect(await kidsOf(built.movie)).toEqual([...systems(periods[0]![0]!.kid), ['Widevine']]);
    expect(built.movie.laUrl).toBe(LA_URL);
  });

  it('have on demand no KID in the movie, and in each period what came with its key', async () => {
    const leaf = (key: AssignedKey) => {
      const [data] = buildPsshBoxes([key], { systems: ['playready'], playready: { laUrl: LA_URL } }).boxes;
      return { ...key, protection: [{ systemId: SYSTEM_IDS.playready, data: data!, origin: 'server' }] };
    };
    const given = periods.map((keys) => keys.map(leaf));
    const built = buildPeriodPsshBoxes(given, {
      systems: ['playready', 'common'],
      playready: { laUrl: LA_URL, decryptorSetup: 'on-demand' },
    });
    const [playready, common] = await described(built.movie);
    expect(playready).toMatchObject({
      keyIds: [],
      playready: { version: '4.1.0.0', decryptorSetup: 'ONDEMAND', laUrl: LA_URL },
    });
    expect(common!.keyIds).toEqual([periods[0]![0]!.kid]);
    expect(await Promise.all(built.periods.map(kidsOf))).toMatchObject(
      periods.map(([key]) => [
        ['PlayReady', key!.kid],
        ['W3C Common (Clear Key)', key!.kid],
      ]),
    );
  });
});
