import { expect, it } from 'vitest';
import { SYSTEM_IDS, systemName } from '../../src/drm/system-ids.js';

it('has the registered SystemIDs', () => {
  expect(SYSTEM_IDS).toEqual({
    playready: '9a04f079-9840-4286-ab92-e65be0885f95',
    common: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
    widevine: 'edef8ba9-79d6-4ace-a3c8-27dcd51d21ed',
    fairplay: '94ce86fb-07ff-4f43-adb8-93d2fa968ca2',
  });
});

it.each([
  ['9A04F079-9840-4286-AB92-E65BE0885F95', 'PlayReady'],
  ['94ce86fb-07ff-4f43-adb8-93d2fa968ca2', 'FairPlay'],
  ['e2719d58-a985-b3c9-781a-b030af78d30e', 'DASH-IF Clear Key'],
  ['5e629af5-38da-4063-8977-97ffbd9902d4', 'Marlin'],
  ['00000000-0000-0000-0000-000000000000', 'unknown'],
  ['', 'unknown'],
])('names %s', (systemId, name) => {
  expect(systemName(systemId)).toBe(name);
});
