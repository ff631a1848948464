import { isDeepStrictEqual } from 'node:util';
import type { AssignedKey } from '../keys/key-source.js';
import type {
  KeyDescription,
  KeyRegistration,
  PackagerKeyStore,
  RegisteredKey,
} from '../keystore/key-store.js';
import { registeredName } from '../keystore/registered-name.js';
import type { EncryptOptions } from './types.js';

/** What the records of a file's keys have in common. */
interface FileDescription {
  readonly contentId: string;
  readonly laUrl: string | undefined;
  readonly policy: KeyRegistration['policy'] | undefined;
  /** Whether the keys were left to the program: then new ones give way to those that the content has got meanwhile. */
  readonly areOwnKeys: boolean;
}

/**
 * Registers the keys of a file as pending, before a byte that needs them is written; without a key store it does nothing.
 * @param laUrl license acquisition URL of the PlayReady header in the file
 * @returns warnings
 * @throws ContentHasKey for `retryOnKeyRace`
 * @throws PrpackError KEY_CONFLICT, KEY_STORE_FAILED, KEY_REQUIRED, KEY_INVALID
 */
export async function registerKeys(
  { keyStore, policy, keys: named }: Pick<EncryptOptions, 'keyStore' | 'policy' | 'keys'>,
  keys: readonly AssignedKey[],
  contentId: string,
  laUrl: string | undefined,
): Promise<string[]> {
  if (!keyStore) return [];
  const file = { contentId, laUrl, policy, areOwnKeys: named === undefined };
  const registrations = distinctKeys(keys).map((key) => registrationOf(key, file));
  const registered: RegisteredKey[] = [];
  for (const some of inParts(registrations)) registered.push(...(await keyStore.register(some)));
  return registered.flatMap(({ record }) => {
    const kept = keptOf(record, file);
    return kept.length > 0 ? [`KID ${record.kid} stays registered ${kept.join(', ')}.`] : [];
  });
}

/** What an earlier registration says otherwise: it is never changed. No URL is repeated, for those of test servers hold keys. */
function keptOf(record: KeyDescription, { contentId, laUrl, policy }: FileDescription): string[] {
  const has = (value: unknown) => (value === undefined ? 'without a' : 'with another');
  const kept: [boolean, string][] = [
    [record.contentId !== registeredName(contentId, record.seedId), `for the content "${record.contentId}"`],
    [laUrl !== undefined && record.laUrl !== laUrl, `${has(record.laUrl)} license acquisition URL`],
    [!isDeepStrictEqual(record.policy, policy ?? record.policy), `${has(record.policy)} policy`],
  ];
  return kept.filter(([isOther]) => isOther).map(([, text]) => text);
}

function registrationOf(
  { kid, key, algorithm = 'AESCTR', label, period, source, seedId }: AssignedKey,
  { contentId, laUrl, policy, areOwnKeys }: FileDescription,
): KeyRegistration {
  return {
    kid,
    key,
    algorithm,
    contentId: registeredName(contentId, seedId),
    source,
    ...(label !== undefined && { label }),
    ...(period !== undefined && { period }),
    ...(seedId !== undefined && { seedId }),
    ...(laUrl !== undefined && { laUrl }),
    ...(policy && { policy }),
    ...(areOwnKeys && source === 'random' && { givesWay: true }),
  };
}

/** Notes that the file is published: from now on its keys are needed. */
export async function confirmPublication(
  store: PackagerKeyStore,
  keys: readonly AssignedKey[],
  fingerprint: string,
): Promise<void> {
  const kids = distinctKeys(keys).map(({ kid }) => kid);
  for (const some of inParts(kids)) await store.markActive(some, { fingerprint });
}

/** Keys that a key server takes at once. A file of many crypto periods has more: what is between two parts is done by a rerun. */
const KEYS_AT_ONCE = 1000;

function inParts<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / KEYS_AT_ONCE);
  return Array.from({ length: count }, (_, i) => items.slice(i * KEYS_AT_ONCE, (i + 1) * KEYS_AT_ONCE));
}

/** Each key once, whatever tracks it is for. */
export function distinctKeys(keys: readonly AssignedKey[]): AssignedKey[] {
  return [...new Map(keys.map((key) => [key.kid, key])).values()];
}
