import type { AuditEntry, KeyRecord } from '../../index.js';
import type { Style } from './style.js';
import { type Column, formatPairs, formatTable } from './table.js';
import { joinLines } from './text.js';
import { printable } from './units.js';

const KEY_COLUMNS: readonly Column[] = [
  { heading: 'KID' },
  { heading: 'CONTENT ID' },
  { heading: 'LABEL' },
  { heading: 'PERIOD' },
  { heading: 'ALGORITHM' },
  { heading: 'STATE' },
  { heading: 'SOURCE' },
  { heading: 'CREATED' },
  { heading: 'LA_URL' },
];

/** A row a key. */
export function formatKeyTable(records: readonly KeyRecord[], style: Style): string[] {
  return formatTable(KEY_COLUMNS, records.map(keyCells), style);
}

function keyCells({
  kid,
  contentId,
  label,
  period,
  algorithm,
  state,
  source,
  createdAt,
  laUrl,
}: KeyRecord): string[] {
  return [
    kid,
    printable(contentId),
    printable(label ?? ''),
    `${period ?? ''}`,
    algorithm,
    state,
    printable(source),
    toSeconds(createdAt),
    printable(laUrl ?? ''),
  ];
}

/** All that is known of one key. `key` is what stands in the key's place. */
export function formatKeyRecord(record: KeyRecord, key: string, style: Style): string {
  const {
    kid,
    contentId,
    label,
    period,
    algorithm,
    state,
    source,
    seedId,
    checksum,
    kekId,
    laUrl,
    policy,
    policyVersion,
  } = record;
  const pairs = formatPairs(
    [
      ['key', key],
      ['content id', printable(contentId)],
      ['label', label && printable(label)],
      ['crypto period', period === undefined ? undefined : `${period}`],
      ['algorithm', algorithm],
      ['state', state],
      ['source', seedId === undefined ? printable(source) : `${printable(source)}, key seed ${seedId}`],
      ['checksum', checksum],
      ['KEK', kekId],
      ['LA_URL', laUrl && printable(laUrl)],
      ['policy', policy && printable(JSON.stringify(policy))],
      ['policy version', policyVersion === undefined ? undefined : `${policyVersion}`],
      ['created', toSeconds(record.createdAt)],
      ['updated', toSeconds(record.updatedAt)],
      ...record.outputs.map(({ fingerprint }) => ['published', `fingerprint ${fingerprint}`] as const),
    ],
    '  ',
    style,
  );
  return joinLines([style.bold(kid), ...pairs]);
}

const AUDIT_COLUMNS: readonly Column[] = [
  { heading: 'TIME' },
  { heading: 'ACTOR' },
  { heading: 'OPERATION' },
  { heading: 'OUTCOME' },
  { heading: 'KID' },
  { heading: 'CONTENT ID' },
  { heading: 'CHECKSUM' },
];

/** A row an entry. */
export function formatAuditTable(entries: readonly AuditEntry[], style: Style): string[] {
  return formatTable(AUDIT_COLUMNS, entries.map(auditCells), style);
}

function auditCells({ at, actor, operation, outcome, kid, contentId, checksum }: AuditEntry): string[] {
  return [at, printable(actor), operation, outcome, kid ?? '', printable(contentId ?? ''), checksum ?? ''];
}

/** `2026-01-31T12:00:00Z`: milliseconds matter to the audit only. */
function toSeconds(timestamp: string): string {
  return timestamp.replace(/\.\d+Z$/, 'Z');
}
