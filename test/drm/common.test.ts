import { expect, it } from 'vitest';
import { buildCommonProtection } from '../../src/drm/common.js';

it('lists the KIDs and has no data', () => {
  const keyIds = ['a2c786d0-f9ef-4cb3-b333-cd323a4284a5', 'db06a8fe-ec16-4de2-9228-2c71e9b856ab'];
  expect(buildCommonProtection(keyIds)).toEqual({
    systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b',
    keyIds,
    data: new Uint8Array(0),
  });
});

it('needs a KID', () => {
  expect(() => buildCommonProtection([])).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});
