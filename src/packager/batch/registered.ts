import { parseKeyId } from '../../keys/key-id.js';
import type { KeyStore } from '../../keystore/key-store.js';

/** Whether the store knows that every one of these keys is needed by this very output. No key is opened for that. */
export async function isRegistered(
  store: KeyStore,
  { kids, sha256 }: { readonly kids: readonly string[]; readonly sha256: string },
): Promise<boolean> {
  for (const kid of kids) {
    const [record] = (await store.list({ kid: parseKeyId(kid) })).items;
    if (record?.state !== 'active') return false;
    if (!record.outputs.some((output) => output.sha256 === sha256)) return false;
  }
  return kids.length > 0;
}
