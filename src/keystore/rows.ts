import type { KeyId } from '../keys/key-id.js';
import type {
  AuditEntry,
  AuditFilter,
  AuditOperation,
  KeyAlgorithm,
  KeyFilter,
  KeyRecord,
  KeyState,
  PublishedOutput,
} from './key-store.js';
import type { KeptKey } from './key-tables.js';

// Rows as every database of a key store gives them.

/** A row of `keys`. */
export interface KeyRow {
  readonly kid: KeyId;
  readonly algorithm: KeyAlgorithm;
  readonly content_id: string;
  readonly label: string | null;
  readonly period: number | null;
  readonly source: string;
  readonly seed_id: string | null;
  readonly wrapped_key: Uint8Array | null;
  readonly kek_id: string | null;
  readonly checksum: string;
  readonly la_url: string | null;
  readonly policy: string | null;
  readonly state: KeyState;
  readonly created_at: string;
  readonly updated_at: string;
}

/** A row of `policies`. */
export interface PolicyRow {
  readonly version: number;
  readonly policy: string;
}

/** A row of `outputs`. */
export interface OutputRow {
  readonly fingerprint: string;
  readonly made_from: string | null;
}

/** The `kid` of audit rows that are of no key. */
export const NO_KID = '';

/** A row of `audit`. */
export interface AuditRow {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly operation: AuditOperation;
  readonly kid: KeyId | typeof NO_KID;
  readonly content_id: string | null;
  readonly checksum: string | null;
  readonly outcome: AuditEntry['outcome'];
}

/** Column of each field that a list can be filtered by. */
export const KEY_COLUMNS: Record<keyof KeyFilter, string> = {
  kid: 'kid',
  contentId: 'content_id',
  label: 'label',
  state: 'state',
  algorithm: 'algorithm',
  period: 'period',
};
export const AUDIT_COLUMNS: Record<keyof AuditFilter, string> = { kid: 'kid', contentId: 'content_id' };

/** @param replaced the policy in force, where it is not the one of the registration */
export function toKeptKey(
  row: KeyRow,
  outputs: readonly OutputRow[],
  replaced: PolicyRow | undefined,
): KeptKey {
  const record = toRecord(row, outputs, replaced);
  return row.wrapped_key === null ? { record } : { record, wrappedKey: row.wrapped_key };
}

function toRecord(row: KeyRow, outputs: readonly OutputRow[], replaced: PolicyRow | undefined): KeyRecord {
  const policy = replaced?.policy ?? row.policy;
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    contentId: row.content_id,
    ...(row.label === null ? {} : { label: row.label }),
    ...(row.period === null ? {} : { period: row.period }),
    source: row.source,
    ...(row.seed_id === null ? {} : { seedId: row.seed_id }),
    ...(row.kek_id === null ? {} : { kekId: row.kek_id }),
    checksum: row.checksum,
    ...(row.la_url === null ? {} : { laUrl: row.la_url }),
    ...(policy === null ? {} : { policy: JSON.parse(policy) }),
    ...(replaced && { policyVersion: replaced.version }),
    state: row.state,
    outputs: outputs.map(toOutput),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toAuditEntry(row: AuditRow): AuditEntry {
  const { id, at, actor, operation, kid, outcome } = row;
  return {
    id,
    at,
    actor,
    operation,
    ...(kid === NO_KID ? {} : { kid }),
    ...(row.content_id === null ? {} : { contentId: row.content_id }),
    ...(row.checksum === null ? {} : { checksum: row.checksum }),
    outcome,
  };
}

export function toOutput({ fingerprint, made_from }: OutputRow): PublishedOutput {
  return { fingerprint, ...(made_from === null ? {} : { madeFrom: made_from }) };
}
