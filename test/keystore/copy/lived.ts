import type { KeyId } from '../../../src/keys/key-id.js';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { registration, SHA } from '../helpers.js';

/** A store with keys in every state and all that can be said of them. */
export async function lived(store: KeyStore): Promise<KeyId[]> {
  const keys = [
    registration({ label: 'HD', period: 3, laUrl: 'https://drm.example/la', policy: { use: 'rental' } }),
    registration({ contentId: 'film-2', algorithm: 'AESCBC' }),
    registration({ contentId: 'film-3', seedId: '0011223344556677', source: 'seed' }),
    registration({ contentId: 'film-4' }),
    registration({ contentId: 'film-4' }),
  ];
  const kids = keys.map(({ kid }) => kid);
  await store.register(keys);
  await store.markActive([kids[0]!, kids[1]!], { fingerprint: SHA, madeFrom: 'a recipe' });
  await store.markActive([kids[0]!], { fingerprint: 'cd'.repeat(32) });
  await store.replacePolicy(kids[0]!, { use: 'purchase' });
  await store.replacePolicy(kids[0]!, { use: 'subscription' });
  await store.revoke([kids[1]!, kids[3]!]);
  await store.get(kids[0]!);
  return kids;
}
