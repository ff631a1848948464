import { isDeepStrictEqual } from 'node:util';
import { PrpackError } from '../errors.js';
import { keyChecksum } from '../keys/checksum.js';
import type { ContentKey } from '../keys/content-key.js';
import type { KeyId } from '../keys/key-id.js';
import { damagedRecord } from './damaged-record.js';
import { strangeKek } from './kek-failure.js';
import type {
  AuditEntry,
  AuditOperation,
  KeyRecord,
  KeyRegistration,
  Policy,
  PublishedOutput,
  RegisteredKey,
} from './key-store.js';
import {
  type AuditNote,
  type Change,
  type Decision,
  type Holdings,
  type KeptKey,
  type NewKey,
  slotName,
} from './key-tables.js';
import type { KeyEncryptionKey } from './key-wrap.js';
import {
  ContentHasKey,
  contentConflict,
  type HeldKey,
  isExclusive,
  policyConflict,
  registrationConflict,
  revokedConflict,
} from './registration-rules.js';

// The rules of a key's life, for every kind of tables: from what is held to what is to be written. They write nothing themselves, and
// may be asked again. A refusal is an answer, not thrown, so that its audit note is written.

/** KEKs of a registration: the one that new keys are wrapped under, and all by their ids. */
export interface Keks {
  readonly inForce?: KeyEncryptionKey;
  readonly byId: ReadonlyMap<string, KeyEncryptionKey>;
}

/** The answer of a registration that needs other KEKs than those at hand. */
export class OtherKeks {
  readonly inForceId: string | undefined;
  readonly ids: readonly string[];

  constructor(inForceId: string | undefined, ids: readonly string[]) {
    this.inForceId = inForceId;
    this.ids = ids;
  }
}

/** Whether the store keeps the key itself, and not only the seed that it follows from. */
export function isWrapped({ seedId }: KeyRegistration): boolean {
  return seedId === undefined;
}

/** All registrations, or the first refusal. */
export function registerKeys(
  held: Holdings,
  registrations: readonly KeyRegistration[],
  keks: Keks,
): Decision<RegisteredKey[] | OtherKeks | PrpackError> {
  const others = otherKeks(held, registrations, keks);
  if (others) return unwritten(others);
  const late = findLate(held, registrations);
  // To give way is no fault, and not noted.
  if (late?.givesWay) return unwritten(ContentHasKey.of(late));
  if (late) return refused(registerNote(late, 'conflict'), contentConflict(late));
  const clash = findClash(held, registrations, keks);
  if (clash) return refused(registerNote(clash.registration, 'conflict'), clash.conflict);
  return addKeys(held, registrations, keks.inForce);
}

/** Notes that a file was published with keys. */
export function activateKeys(
  held: Holdings,
  kids: readonly KeyId[],
  output: PublishedOutput,
): Decision<undefined | PrpackError> {
  return ofKeys(held, kids, 'activate', (keys) => {
    const revoked = keys.find(({ record }) => record.state === 'revoked');
    if (revoked) {
      return refused(noteOf('activate', revoked.record, 'conflict'), revokedConflict(revoked.record.kid));
    }
    return written(keys.flatMap(({ record }) => activation(record, output)));
  });
}

export function revokeKeys(held: Holdings, kids: readonly KeyId[]): Decision<undefined | PrpackError> {
  return ofKeys(held, kids, 'revoke', (keys) => written(keys.flatMap(({ record }) => revocation(record))));
}

/**
 * Puts a policy in the place of the one in force, which the tables keep.
 * @param replaces the version that must be in force; any, when undefined
 */
export function replacePolicyOf(
  held: Holdings,
  kid: KeyId,
  policy: Policy,
  replaces: number | undefined,
): Decision<KeyRecord | PrpackError> {
  return ofKeys<KeyRecord>(held, [kid], 'replace-policy', ([key]) => {
    const { record } = key!;
    const { policy: present, policyVersion = 1 } = record;
    if (replaces !== undefined && replaces !== policyVersion) {
      const conflict = policyConflict(kid, policyVersion, replaces);
      return refused(noteOf('replace-policy', record, 'conflict'), conflict);
    }
    if (isDeepStrictEqual(present, policy)) {
      return { changes: [noteOf('replace-policy', record, 'unchanged')], answer: () => record };
    }
    const version = policyVersion + 1;
    return {
      changes: [
        { kind: 'policy', kid, version, policy: JSON.stringify(policy) },
        noteOf('replace-policy', record, 'done'),
      ],
      answer: (at) => ({ ...record, policy, policyVersion: version, updatedAt: at }),
    };
  });
}

/**
 * Puts a KEK in force for new keys.
 * @param keks those that keys are wrapped under, by id
 * @param name of where they come from, for messages
 */
export function putInForce(
  held: Holdings,
  next: KeyEncryptionKey,
  keks: ReadonlyMap<string, KeyEncryptionKey>,
  name: string,
): Decision<undefined | PrpackError> {
  for (const id of held.kekIds()) {
    const found = id === next.id ? next : keks.get(id);
    if (found?.id !== id) return unwritten(strangeKek(id, (found ?? next).id, name));
  }
  return written([kekInForce(next)]);
}

function kekInForce({ id, wrapped }: KeyEncryptionKey): Change {
  return { kind: 'kek', id, ...(wrapped !== undefined && { wrapped }) };
}

/** Wraps keys again, as far as they are still wrapped under `present`. The answer is how many. */
export function rewrapKeys(
  held: Holdings,
  kids: readonly KeyId[],
  present: KeyEncryptionKey,
  next: KeyEncryptionKey,
): Decision<number> {
  const keys = kids.flatMap((kid) => held.key(kid) ?? []).filter(({ record }) => record.kekId === present.id);
  const changes = keys.flatMap((key): Change[] => [
    {
      kind: 'wrap',
      kid: key.record.kid,
      wrappedKey: next.wrap(openKey(key, present), key.record),
      kekId: next.id,
    },
    noteOf('rewrap', key.record, 'done'),
  ]);
  return { changes, answer: () => keys.length };
}

/**
 * The key, verified against its checksum.
 * @throws PrpackError KEY_INVALID when it is wrapped under another KEK, KEY_STORE_FAILED when it was tampered with
 */
export function openKey({ record, wrappedKey }: KeptKey, kek: KeyEncryptionKey): ContentKey {
  if (record.kekId !== kek.id) throw strangeKek(record.kekId!, kek.id, 'KEK');
  const key = kek.unwrap(wrappedKey!, record);
  if (keyChecksum(record.kid, key) !== record.checksum) {
    throw damagedRecord(record.kid, 'its key does not have the checksum that it was registered with');
  }
  return key;
}

/** What is to be noted of a key that is held. */
export function auditNote(
  operation: AuditOperation,
  { kid, contentId, checksum }: Pick<KeyRecord, 'kid' | 'contentId' | 'checksum'>,
  outcome: AuditEntry['outcome'],
): AuditNote {
  return { operation, kid, contentId, checksum, outcome };
}

function written(changes: readonly Change[]): Decision<undefined> {
  return { changes, answer: () => undefined };
}

function unwritten<T>(answer: T): Decision<T> {
  return { changes: [], answer: () => answer };
}

function refused(note: Change, refusal: PrpackError): Decision<PrpackError> {
  return { changes: [note], answer: () => refusal };
}

function noteOf(
  operation: AuditOperation,
  record: Pick<KeyRecord, 'kid' | 'contentId' | 'checksum'>,
  outcome: AuditEntry['outcome'],
): Change {
  return { kind: 'note', note: auditNote(operation, record, outcome) };
}

function registerNote(registration: KeyRegistration, outcome: AuditEntry['outcome']): Change {
  const { kid, contentId, key } = registration;
  return noteOf('register', { kid, contentId, checksum: keyChecksum(kid, key) }, outcome);
}

/** What becomes of keys that must all be there, or the refusal that names one which is not. */
function ofKeys<T>(
  held: Holdings,
  kids: readonly KeyId[],
  operation: AuditOperation,
  decide: (keys: readonly KeptKey[]) => Decision<T | PrpackError>,
): Decision<T | PrpackError> {
  const keys: KeptKey[] = [];
  for (const kid of new Set(kids)) {
    const key = held.key(kid);
    if (!key)
      return refused({ kind: 'note', note: { operation, kid, outcome: 'failed' } }, notRegistered(kid));
    keys.push(key);
  }
  return decide(keys);
}

function notRegistered(kid: KeyId): PrpackError {
  return new PrpackError('KEY_REQUIRED', `KID ${kid} is not registered in the key store`, {
    remedy: 'Register the key first, or name the key store that it was registered in.',
  });
}

function activation(record: KeyRecord, output: PublishedOutput): Change[] {
  const { kid, state, outputs } = record;
  const hasOutput = outputs.some(({ fingerprint }) => fingerprint === output.fingerprint);
  if (state === 'active' && hasOutput) return [noteOf('activate', record, 'unchanged')];
  return [
    { kind: 'state', kid, state: 'active' },
    ...(hasOutput ? [] : [{ kind: 'output', kid, output } as const]),
    noteOf('activate', record, 'done'),
  ];
}

function revocation(record: KeyRecord): Change[] {
  if (record.state === 'revoked') return [noteOf('revoke', record, 'unchanged')];
  return [{ kind: 'state', kid: record.kid, state: 'revoked' }, noteOf('revoke', record, 'done')];
}

/** The KEKs that these registrations need and that are not at hand: another was put in force since they were loaded, say. */
function otherKeks(
  held: Holdings,
  registrations: readonly KeyRegistration[],
  { inForce, byId }: Keks,
): OtherKeks | undefined {
  if (!inForce) return undefined;
  const inForceId = held.kekInForce();
  const wanted = registrations.flatMap((registration) =>
    isWrapped(registration) ? (held.key(registration.kid)?.record.kekId ?? []) : [],
  );
  const isOther = inForceId !== undefined && inForceId !== inForce.id;
  return isOther || wanted.some((id) => !byId.has(id)) ? new OtherKeks(inForceId, wanted) : undefined;
}

/** The first new key that wants to hold a slot which another holds. */
function findLate(held: Holdings, registrations: readonly KeyRegistration[]): KeyRegistration | undefined {
  const late = registrations.find(
    (registration) => isExclusive(registration) && !held.key(registration.kid) && held.isHeld(registration),
  );
  return late ?? findRaceWithin(registrations);
}

/** Of several keys of a call that give way, the second of a content, label, algorithm and period has lost the race. */
function findRaceWithin(registrations: readonly KeyRegistration[]): KeyRegistration | undefined {
  const first = new Map<string, KeyId>();
  return registrations.find((registration) => {
    const { kid, givesWay } = registration;
    const slot = slotName(registration);
    const holder = first.get(slot) ?? kid;
    first.set(slot, holder);
    return givesWay && holder !== kid;
  });
}

/** The first registration that the store, or one before it, contradicts. */
function findClash(
  held: Holdings,
  registrations: readonly KeyRegistration[],
  { byId }: Keks,
): { registration: KeyRegistration; conflict: PrpackError } | undefined {
  const before = new Map<KeyId, KeyRegistration>();
  for (const registration of registrations) {
    const { kid } = registration;
    const kept = held.key(kid);
    const earlier = before.get(kid);
    const there = kept ? heldKey(kept, registration, byId) : earlier && heldSoon(earlier);
    const conflict = there && registrationConflict(registration, there);
    if (conflict) return { registration, conflict };
    if (!there) before.set(kid, registration);
  }
  return undefined;
}

/** What the store will hold of a key that is registered by the same call. */
function heldSoon({ kid, algorithm, key }: KeyRegistration): HeldKey {
  return { algorithm, state: 'pending', checksum: keyChecksum(kid, key), key };
}

/** What the store holds: the key itself is opened only where it can be compared with another that is to be wrapped. */
function heldKey(
  kept: KeptKey,
  registration: KeyRegistration,
  keks: ReadonlyMap<string, KeyEncryptionKey>,
): HeldKey {
  const { algorithm, state, checksum, kekId } = kept.record;
  const kek = kekId === undefined || !isWrapped(registration) ? undefined : keks.get(kekId);
  return { algorithm, state, checksum, ...(kek ? { key: openKey(kept, kek) } : {}) };
}

/** Adds those that are not there yet. */
function addKeys(
  held: Holdings,
  registrations: readonly KeyRegistration[],
  kek: KeyEncryptionKey | undefined,
): Decision<RegisteredKey[]> {
  const changes: Change[] = [];
  const answers: ((at: string) => RegisteredKey)[] = [];
  const added = new Map<KeyId, NewKey>();
  if (kek && held.kekInForce() === undefined) changes.push(kekInForce(kek));
  for (const registration of registrations) {
    const { kid } = registration;
    const present = held.key(kid)?.record ?? added.get(kid);
    if (present) {
      changes.push(noteOf('register', present, 'unchanged'));
      answers.push((at) => ({ outcome: 'unchanged', record: recordOf(present, at) }));
    } else {
      const key = newKey(registration, kek);
      added.set(kid, key);
      changes.push({ kind: 'add', key }, noteOf('register', key, 'done'));
      answers.push((at) => ({ outcome: 'created', record: recordOf(key, at) }));
    }
  }
  return { changes, answer: (at) => answers.map((answer) => answer(at)) };
}

function newKey(registration: KeyRegistration, kek: KeyEncryptionKey | undefined): NewKey {
  const { key, givesWay: _givesWay, onlyKey: _onlyKey, ...description } = registration;
  return {
    ...description,
    checksum: keyChecksum(registration.kid, key),
    ...(isWrapped(registration) && { kekId: kek!.id, wrappedKey: kek!.wrap(key, registration) }),
  };
}

/** The record of a key that is there, or that was added at a time. */
function recordOf(key: KeyRecord | NewKey, at: string): KeyRecord {
  if ('state' in key) return key;
  const { wrappedKey: _wrappedKey, ...description } = key;
  return { ...description, state: 'pending', outputs: [], createdAt: at, updatedAt: at };
}
