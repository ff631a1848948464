import { PrpackError } from '../errors.js';
import type { ContentKey } from '../keys/content-key.js';
import type { CpixDocument, CpixKeyPeriod } from '../keys/cpix/document.js';
import { writeCpix } from '../keys/cpix/writer.js';
import { createSecretFile } from '../keys/file.js';
import { named } from '../settings/spelling.js';
import type { KeyAlgorithm, KeyRecord } from './key-store.js';

/** A record with its key at hand, derived from its seed where it has to be. */
export interface OpenedKey {
  readonly record: KeyRecord;
  readonly key: ContentKey;
}

/** A record with its key laid open: 32 hexadecimal digits. */
export interface RevealedKey extends KeyRecord {
  readonly key: string;
}

/** The record and its key as plain data, for an owner who asked to see the key. */
export function revealKey({ record, key }: OpenedKey): RevealedKey {
  const { kid, ...rest } = record;
  return { kid, key: key.revealHex(), ...rest };
}

/** Writes keys down as a text. */
export type KeyWriter = (keys: readonly OpenedKey[]) => string;

/** A key file that `readKeyFile` takes, with the whole record of each key. */
export const keyFileWriter: KeyWriter = (keys) =>
  `${JSON.stringify({ keys: keys.map(revealKey) }, undefined, 2)}\n`;

/** Scheme that CPIX names for an algorithm: the one that its clients use. */
const SCHEMES: Readonly<Record<KeyAlgorithm, string>> = { AESCTR: 'cenc', AESCBC: 'cbcs' };

/**
 * A CPIX 2.3 document of one content; with recipients (X.509 certificates, DER), the keys are encrypted to them. It has no place for
 * states, outputs, policies, LA_URLs and seeds.
 */
export function cpixWriter(recipients: readonly Uint8Array[]): KeyWriter {
  return (keys) => writeCpix({ ...cpixOf(keys), recipients }, '2.3');
}

function cpixOf(keys: readonly OpenedKey[]): Omit<CpixDocument, 'recipients'> {
  const records = keys.map(({ record }) => record);
  const [contentId, another] = new Set(records.map((record) => record.contentId));
  if (another !== undefined) {
    throw new PrpackError(
      'INVALID_ARGUMENT',
      'a CPIX document is of one content, and these keys are of several',
      {
        remedy: `Choose one with ${named('contentId')}, or export a JSON key file.`,
      },
    );
  }
  return {
    ...(contentId !== undefined && { contentId }),
    contentKeys: keys.map(({ record: { kid, algorithm }, key }) => ({
      kid,
      key,
      commonEncryptionScheme: SCHEMES[algorithm],
    })),
    drmSystems: [],
    keyPeriods: keyPeriodsOf(records),
    usageRules: records.some(isForSome) ? records.map(usageRuleOf) : [],
  };
}

/** Whether a key is not for all of its content. */
function isForSome({ label, period }: KeyRecord): boolean {
  return label !== undefined || period !== undefined;
}

function keyPeriodsOf(records: readonly KeyRecord[]): CpixKeyPeriod[] {
  const indexes = new Set(records.flatMap(({ period = [] }) => period));
  return [...indexes].sort((a, b) => a - b).map((index) => ({ id: keyPeriodId(index), index }));
}

/** An XML ID does not begin with a digit. */
function keyPeriodId(index: number): string {
  return `keyPeriod_${index}`;
}

/** Tracks of the label and the crypto period, or all where there is none. */
function usageRuleOf({ kid, label, period }: KeyRecord): CpixDocument['usageRules'][number] {
  return {
    kid,
    ...(label !== undefined && { intendedTrackType: label }),
    labelFilters: label === undefined ? [] : [label],
    keyPeriodFilters: period === undefined ? [] : [keyPeriodId(period)],
    videoFilters: [],
    audioFilters: [],
    bitrateFilters: [],
    unknownFilters: [],
  };
}

/**
 * Writes keys to a new file that only its owner can read.
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED, and INVALID_ARGUMENT when the writer cannot hold these keys
 */
export async function exportKeys(path: string, keys: readonly OpenedKey[], writer: KeyWriter): Promise<void> {
  const text = writer(keys);
  try {
    await createSecretFile(path, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new PrpackError('OUTPUT_EXISTS', `the file for the keys is there already: ${path}`, {
        path,
        remedy: 'Name another file: files with keys are never replaced.',
      });
    }
    const message = `the file for the keys cannot be written: ${path} (${code})`;
    const remedy = 'Name a file in a directory that exists, has room, and where this user may write.';
    throw new PrpackError('OUTPUT_FAILED', message, { path, remedy }, error);
  }
}
