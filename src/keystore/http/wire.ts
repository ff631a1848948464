import { z } from 'zod';
import { keyChecksum } from '../../keys/checksum.js';
import { ContentKey } from '../../keys/content-key.js';
import { parseKeyId } from '../../keys/key-id.js';
import { damagedRecord } from '../damaged-record.js';
import type { AuditEntry, KeyRecord, KeyRegistration, Page, RegisteredKey, StoredKey } from '../key-store.js';

// What goes over the line and comes back. Answers are checked, for a server that is not one of ours may stand at the address; fields
// that are not known here are let pass, for a newer one may.

const Record = z.object({
  kid: z.string(),
  algorithm: z.enum(['AESCTR', 'AESCBC']),
  contentId: z.string(),
  label: z.string().optional(),
  period: z.number().optional(),
  source: z.string(),
  seedId: z.string().optional(),
  kekId: z.string().optional(),
  laUrl: z.string().optional(),
  policy: z.record(z.string(), z.unknown()).optional(),
  policyVersion: z.number().optional(),
  checksum: z.string(),
  state: z.enum(['pending', 'active', 'revoked']),
  outputs: z.array(z.object({ fingerprint: z.string(), madeFrom: z.string().optional() })),
  createdAt: z.string(),
  updatedAt: z.string(),
});

const Registered = z.object({
  results: z.array(z.object({ outcome: z.enum(['created', 'unchanged']), record: Record })),
});

const Stored = z.object({ record: Record, key: z.string().optional() });

const Records = z.object({ items: z.array(Record), next: z.string().optional() });

const Audit = z.object({
  items: z.array(
    z.object({
      id: z.number(),
      at: z.string(),
      actor: z.string(),
      operation: z.enum(['register', 'activate', 'open', 'revoke', 'rewrap', 'prune', 'replace-policy']),
      kid: z.string().optional(),
      contentId: z.string().optional(),
      checksum: z.string().optional(),
      outcome: z.enum(['done', 'unchanged', 'conflict', 'failed']),
    }),
  ),
  next: z.string().optional(),
});

/** A registration, with the checksum by which the server sees that key and KID arrived as they were sent. */
export function registrationBody(registration: KeyRegistration): object {
  const { kid, key, ...description } = registration;
  return { ...description, kid, key: key.revealHex(), checksum: keyChecksum(kid, key) };
}

export function readRegistered(body: unknown): RegisteredKey[] {
  return Registered.parse(body).results.map(({ outcome, record }) => ({ outcome, record: recordOf(record) }));
}

/** @throws PrpackError KEY_STORE_FAILED when the key is not the one that was registered */
export function readStored(body: unknown): StoredKey {
  return storedOf(Stored.parse(body));
}

export function readStoredList(body: unknown): StoredKey[] {
  return z
    .looseObject({ items: z.array(Stored) })
    .parse(body)
    .items.map(storedOf);
}

export function readRecord(body: unknown): KeyRecord {
  return recordOf(Record.parse(body));
}

export function readRecords(body: unknown): Page<KeyRecord> {
  const { items, next } = Records.parse(body);
  return { items: items.map(recordOf), ...(next !== undefined && { next }) };
}

export function readAudit(body: unknown): Page<AuditEntry> {
  const { items, next } = Audit.parse(body);
  return {
    items: items.map(
      ({ kid, ...entry }) => ({ ...entry, ...(kid !== undefined && { kid: parseKeyId(kid) }) }) as AuditEntry,
    ),
    ...(next !== undefined && { next }),
  };
}

function recordOf(record: z.output<typeof Record>): KeyRecord {
  return { ...record, kid: parseKeyId(record.kid) } as KeyRecord;
}

function storedOf({ record: read, key: hex }: z.output<typeof Stored>): StoredKey {
  const record = recordOf(read);
  if (hex === undefined) return { record };
  const key = ContentKey.fromHex(hex);
  if (keyChecksum(record.kid, key) === record.checksum) return { record, key };
  throw damagedRecord(record.kid, 'the key that the server sent does not have the checksum of the record');
}
