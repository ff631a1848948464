import { parseKeyId } from '../../keys/key-id.js';
import type { KeyStore } from '../../keystore/key-store.js';

/**
 * Whether the store knows that every one of these keys is needed by this very output. No key is opened for that.
 * @param published fingerprint of the output, or of the files of a title
 */
export async function isRegistered(
  store: KeyStore,
  kids: readonly string[],
  published: readonly string[],
): Promise<boolean> {
  for (const kid of kids) {
    const [record] = (await store.list({ kid: parseKeyId(kid) })).items;
    if (record?.state !== 'active') return false;
    if (!record.outputs.some(({ fingerprint }) => published.includes(fingerprint))) return false;
  }
  return kids.length > 0;
}
