import { isDeepStrictEqual } from 'node:util';
import { PrpackError } from '../../errors.js';
import { keyChecksum } from '../../keys/checksum.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { KeyId } from '../../keys/key-id.js';
import { damagedRecord } from '../damaged-record.js';
import { strangeKek } from '../kek-failure.js';
import type {
  AuditEntry,
  AuditOperation,
  KeyRegistration,
  Policy,
  PublishedOutput,
  RegisteredKey,
} from '../key-store.js';
import type { KeyEncryptionKey } from '../key-wrap.js';
import {
  ContentHasKey,
  contentConflict,
  type HeldKey,
  isExclusive,
  policyConflict,
  registrationConflict,
} from '../registration-rules.js';
import type { KeyRow } from './rows.js';
import type { KeptKey, Tables } from './tables.js';

// The steps of a key's life, each to be taken inside a transaction. A refusal is returned, not thrown, so that the
// transaction commits its audit note.

/** Whether the store keeps the key itself, and not only the seed that it follows from. */
export function isWrapped({ seedId }: KeyRegistration): boolean {
  return seedId === undefined;
}

/** The first registration that the store, or the batch itself, contradicts. `keks` are those at hand, by id. */
export function findConflict(
  tables: Tables,
  registrations: readonly KeyRegistration[],
  keks: ReadonlyMap<string, KeyEncryptionKey>,
): PrpackError | undefined {
  const inBatch = new Map<KeyId, HeldKey>();
  for (const registration of registrations) {
    const { kid, algorithm, key } = registration;
    const row = tables.key(kid);
    const held = row ? heldKey(row, registration, keks) : inBatch.get(kid);
    const conflict = held && registrationConflict(registration, held);
    if (conflict) {
      const { contentId } = registration;
      tables.note({
        operation: 'register',
        kid,
        contentId,
        checksum: keyChecksum(kid, key),
        outcome: 'conflict',
      });
      return conflict;
    }
    inBatch.set(kid, { algorithm, state: 'pending', checksum: keyChecksum(kid, key), key });
  }
  return undefined;
}

/** The refusal of the first new key that wants to hold a content which another holds. To give way is no fault, and not noted. */
export function findHeldContent(
  tables: Tables,
  registrations: readonly KeyRegistration[],
): PrpackError | undefined {
  const late =
    registrations.find(
      (registration) =>
        isExclusive(registration) && !tables.key(registration.kid) && tables.isHeld(registration),
    ) ?? findRaceWithin(registrations);
  if (!late) return undefined;
  if (late.givesWay) return ContentHasKey.of(late);
  tables.note({
    ...late,
    operation: 'register',
    checksum: keyChecksum(late.kid, late.key),
    outcome: 'conflict',
  });
  return contentConflict(late);
}

/** New keys of several jobs may come in one call: the second of a content, label, algorithm and period has lost the race. */
function findRaceWithin(registrations: readonly KeyRegistration[]): KeyRegistration | undefined {
  const first = new Map<string, KeyId>();
  return registrations.find((registration) => {
    const { kid, contentId, label, algorithm, period, givesWay } = registration;
    const slot = JSON.stringify([contentId, label, algorithm, period]);
    const holder = first.get(slot) ?? kid;
    first.set(slot, holder);
    return givesWay && holder !== kid;
  });
}

export function registerOne(
  tables: Tables,
  registration: KeyRegistration,
  kek: KeyEncryptionKey | undefined,
): RegisteredKey {
  const { kid } = registration;
  const outcome = tables.key(kid) ? 'unchanged' : 'created';
  if (outcome === 'created') tables.insertKey(registration, keptKey(registration, kek));
  const row = tables.key(kid)!;
  note(tables, 'register', row, outcome === 'created' ? 'done' : 'unchanged');
  return { outcome, record: tables.record(row) };
}

export function activateOne(tables: Tables, row: KeyRow, output: PublishedOutput): void {
  const isKnown = row.state === 'active' && tables.hasOutput(row.kid, output.fingerprint);
  if (!isKnown) {
    tables.setState(row.kid, 'active');
    if (!tables.hasOutput(row.kid, output.fingerprint)) tables.insertOutput(row.kid, output);
  }
  note(tables, 'activate', row, isKnown ? 'unchanged' : 'done');
}

/**
 * Puts a policy in the place of the one in force, which stays in the table; returns the refusal when `replaces` is not the version
 * in force.
 */
export function replacePolicyOf(
  tables: Tables,
  row: KeyRow,
  policy: Policy,
  replaces: number | undefined,
): PrpackError | undefined {
  const { policy: present, policyVersion = 1 } = tables.record(row);
  if (replaces !== undefined && replaces !== policyVersion) {
    note(tables, 'replace-policy', row, 'conflict');
    return policyConflict(row.kid, policyVersion, replaces);
  }
  const isSame = isDeepStrictEqual(present, policy);
  if (!isSame) tables.insertPolicy(row.kid, policyVersion + 1, JSON.stringify(policy));
  note(tables, 'replace-policy', row, isSame ? 'unchanged' : 'done');
  return undefined;
}

export function revokeOne(tables: Tables, row: KeyRow): void {
  const isRevoked = row.state === 'revoked';
  if (!isRevoked) tables.setState(row.kid, 'revoked');
  note(tables, 'revoke', row, isRevoked ? 'unchanged' : 'done');
}

/** Wraps up to `limit` keys again. Returns how many there were. */
export function rewrapSome(
  tables: Tables,
  present: KeyEncryptionKey,
  next: KeyEncryptionKey,
  limit: number,
): number {
  const rows = tables.keysUnder(present.id, limit);
  for (const row of rows) {
    const key = openKey(row, present);
    tables.setWrappedKey(row.kid, next.wrap(key, row), next.id);
    note(tables, 'rewrap', row, 'done');
  }
  return rows.length;
}

/** The rows of all the KIDs, or the refusal that names one which is not registered. */
export function rowsOf(
  tables: Tables,
  kids: readonly KeyId[],
  operation: AuditOperation,
): readonly KeyRow[] | PrpackError {
  const rows: KeyRow[] = [];
  for (const kid of new Set(kids)) {
    const row = tables.key(kid);
    if (row) rows.push(row);
    else {
      tables.note({ operation, kid, outcome: 'failed' });
      return new PrpackError('KEY_REQUIRED', `KID ${kid} is not registered in the key store`, {
        remedy: 'Register the key first, or name the key store that it was registered in.',
      });
    }
  }
  return rows;
}

/**
 * The key of a row that holds one, verified against the row's checksum.
 * @throws PrpackError KEY_INVALID when the row is wrapped under another KEK, KEY_STORE_FAILED when it was tampered with
 */
export function openKey(row: KeyRow, kek: KeyEncryptionKey): ContentKey {
  if (row.kek_id !== kek.id) throw strangeKek(row.kek_id!, kek.id, 'KEK');
  const key = kek.unwrap(row.wrapped_key!, row);
  if (keyChecksum(row.kid, key) !== row.checksum) {
    throw damagedRecord(row.kid, 'its key does not have the checksum that it was registered with');
  }
  return key;
}

export function note(
  tables: Tables,
  operation: AuditOperation,
  row: KeyRow,
  outcome: AuditEntry['outcome'],
): void {
  tables.note(tables.lineOf(operation, row, outcome));
}

/** What the store holds: the key itself is opened only where it can be compared with another that is to be wrapped. */
function heldKey(
  row: KeyRow,
  registration: KeyRegistration,
  keks: ReadonlyMap<string, KeyEncryptionKey>,
): HeldKey {
  const { algorithm, state, checksum } = row;
  const kek = row.kek_id === null || !isWrapped(registration) ? undefined : keks.get(row.kek_id);
  return { algorithm, state, checksum, ...(kek ? { key: openKey(row, kek) } : {}) };
}

function keptKey(registration: KeyRegistration, kek: KeyEncryptionKey | undefined): KeptKey {
  const { kid, key } = registration;
  const checksum = keyChecksum(kid, key);
  if (!isWrapped(registration)) return { wrappedKey: null, kekId: null, checksum };
  return { wrappedKey: kek!.wrap(key, registration), kekId: kek!.id, checksum };
}
