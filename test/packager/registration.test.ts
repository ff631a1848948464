import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import type { KeyRecord, PackagerKeyStore } from '../../src/keystore/key-store.js';
import { registerKeys } from '../../src/packager/registration.js';

const KID = parseKeyId('10000000-1000-1000-1000-100000000001');
const LA_URL = 'https://license.example/rm?cfg=(contentkey:secret)';
const POLICY = { persist: true, expiration: 'P30D' };

/** A store that has the key already, with what is said of it here. */
function storeWith(description: Partial<KeyRecord>): PackagerKeyStore {
  const record = { kid: KID, contentId: 'film', ...description } as KeyRecord;
  return {
    location: 'memory',
    register: async () => [{ outcome: 'unchanged', record }],
    markActive: async () => {},
    findByContentId: async () => [],
  };
}

describe('registering a key that is registered otherwise', () => {
  const keys = [
    { trackId: 1, kid: KID, key: ContentKey.fromHex('00112233445566778899aabbccddeeff'), source: 'random' },
  ];
  const prefix = `KID ${KID} stays registered `;

  it.each<[Partial<KeyRecord>, string[]]>([
    [{ laUrl: LA_URL, policy: { ...POLICY } }, []],
    [{ laUrl: LA_URL, policy: POLICY, contentId: 'other' }, ['for the content "other".']],
    [{ laUrl: 'https://a.example/', policy: POLICY }, ['with another license acquisition URL.']],
    [{ laUrl: LA_URL, policy: { persist: false } }, ['with another policy.']],
    [{}, ['without a license acquisition URL, without a policy.']],
  ])('as %j says what the record keeps', async (description, kept) => {
    const options = { keyStore: storeWith(description), policy: POLICY };
    const warnings = await registerKeys(options, keys, 'film', LA_URL);
    expect(warnings).toEqual(kept.map((text) => prefix + text));
  });

  it('says nothing where nothing was asked for', async () => {
    const keyStore = storeWith({ laUrl: LA_URL, policy: POLICY });
    expect(await registerKeys({ keyStore }, keys, 'film', undefined)).toEqual([]);
  });
});
