import { keyChecksum } from '../../keys/checksum.js';
import type { ContentKey } from '../../keys/content-key.js';
import { damagedRecord } from '../damaged-record.js';
import type { PublishedOutput, StoredKey } from '../key-store.js';
import { otherKek } from './failure.js';
import type { SkmKek } from './kek.js';
import { readInfo, type SkmInfo, type SkmObject } from './wire.js';

/**
 * A key object opened, and verified as far as it can be: the wrapping guards the key, the checksum binds it to its KID. The server has
 * no states: a key that this machine knows to be in a published file is `active`, all others are `pending`.
 * @throws PrpackError KEY_INVALID when it is wrapped under another KEK, KEY_STORE_FAILED when it was tampered with
 */
export function openObject(object: SkmObject, kek: SkmKek, outputs: readonly PublishedOutput[]): StoredKey {
  const { kid, kekId, contentId } = object;
  const info = readInfo(object);
  const key = unwrap(object, kek);
  const checksum = keyChecksum(kid, key);
  if (info && info.checksum !== checksum) {
    throw damagedRecord(kid, 'its key does not have the checksum that it was registered with');
  }
  const { createdAt, ...description } = info ?? describeUnknown(object);
  const record = {
    ...description,
    kid,
    contentId: contentId ?? '',
    state: outputs.length > 0 ? 'active' : 'pending',
    checksum,
    outputs,
    createdAt,
    updatedAt: lastUpdateOf(object) ?? createdAt,
    ...(kekId && { kekId }),
  };
  return { record: record as StoredKey['record'], key };
}

function unwrap({ kid, ek, kekId }: SkmObject, kek: SkmKek): ContentKey {
  const key = kek.unwrap(ek);
  if (key) return key;
  throw kekId === kek.id ? damagedRecord(kid, 'its wrapped key was changed') : otherKek(kid, kekId, kek.id);
}

/** Of keys that somebody else registered: `cenc` is what they are for where nothing else is said. */
function describeUnknown(object: SkmObject): Pick<SkmInfo, 'algorithm' | 'source' | 'createdAt'> {
  const createdAt = lastUpdateOf(object) ?? new Date(0).toISOString();
  return { algorithm: 'AESCTR', source: 'skm', createdAt };
}

function lastUpdateOf({ lastUpdate }: SkmObject): string | undefined {
  const date = new Date(lastUpdate ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
