import { keyChecksum } from '../keys/checksum.js';
import type { KeyId } from '../keys/key-id.js';
import type { KeyRecord, KeyRegistration, KeyState, KeyStore, PublishedOutput } from './key-store.js';

/** A key with the life that it had in another key store. */
export interface ImportedKey extends KeyRegistration {
  readonly state?: KeyState;
  readonly outputs?: readonly PublishedOutput[];
}

/** What became of imported keys. */
export interface Import {
  readonly created: number;
  /** They were there already. */
  readonly unchanged: number;
  /** In the order of the keys. */
  readonly records: readonly KeyRecord[];
}

/**
 * Registers keys, all of them or none, then notes their published files and revokes those that were revoked. May be stopped at any point
 * and called again.
 * @throws PrpackError as `register`, `markActive` and `revoke`
 */
export async function importKeys(store: KeyStore, keys: readonly ImportedKey[]): Promise<Import> {
  const revoked = keys.filter(({ state }) => state === 'revoked').map(({ kid }) => kid);
  if (revoked.length > 0) await store.revoke([]); // a store that cannot revoke says so before anything is registered
  const ended = await findEnded(store, keys);
  const living = keys.filter(({ kid }) => !ended.has(kid));
  const registered = await store.register(living.map(({ state, outputs, ...registration }) => registration));
  for (const { kids, output } of publications(living)) await store.markActive(kids, output);
  const ending = revoked.filter((kid) => !ended.has(kid));
  if (ending.length > 0) await store.revoke(ending);
  const created = registered.filter(({ outcome }) => outcome === 'created').length;
  return { created, unchanged: keys.length - created, records: await recordsOf(store, keys) };
}

/** Keys that are revoked in the file and, the same keys, in the store: nothing is left to do for them. */
async function findEnded(store: KeyStore, keys: readonly ImportedKey[]): Promise<ReadonlySet<KeyId>> {
  const ended = new Set<KeyId>();
  for (const { kid, key, algorithm, state } of keys) {
    if (state !== 'revoked') continue;
    const [held] = (await store.list({ kid, state, algorithm })).items;
    if (held?.checksum === keyChecksum(kid, key)) ended.add(kid);
  }
  return ended;
}

/** Each published file, with its keys. */
function publications(keys: readonly ImportedKey[]): { kids: KeyId[]; output: PublishedOutput }[] {
  const byOutput = new Map<string, { kids: KeyId[]; output: PublishedOutput }>();
  for (const { kid, outputs = [] } of keys) {
    for (const output of outputs) {
      const name = `${output.fingerprint} ${output.madeFrom ?? ''}`;
      const publication = byOutput.get(name) ?? { kids: [], output };
      byOutput.set(name, { ...publication, kids: [...publication.kids, kid] });
    }
  }
  return [...byOutput.values()];
}

async function recordsOf(store: KeyStore, keys: readonly ImportedKey[]): Promise<KeyRecord[]> {
  const records: KeyRecord[] = [];
  for (const { kid } of keys) records.push(...(await store.list({ kid })).items);
  return records;
}
