import { PrpackError } from '../../errors.js';
import type { AlgId } from './alg-id.js';

export type { AlgId } from './alg-id.js';

/** Header versions, lowest first: a lower one is read by more clients (PlayReady Header Specification, 3.1). */
const VERSIONS = ['4.0', '4.1', '4.2', '4.3'] as const;

export type HeaderVersion = (typeof VERSIONS)[number];

/** One KID as a header writes it. */
export interface HeaderKidEntry {
  /** base64 of the KID in GUID order. */
  readonly value: string;
  readonly algId: AlgId;
  readonly checksum?: string;
}

/** What a header has to say, as far as it decides about the version. */
export interface HeaderDemands {
  readonly algIds: readonly AlgId[];
  readonly onDemand: boolean;
}

interface VersionRules {
  /** The version attribute. */
  readonly text: string;
  readonly minKeys: number;
  readonly maxKeys: number;
  readonly algIds: readonly AlgId[];
  readonly hasDecryptorSetup: boolean;
  /** The part of DATA that names the keys; empty without keys, for no element may be empty. */
  readonly writeProtection: (entries: readonly HeaderKidEntry[]) => string;
}

/** What each version can carry, and how it writes its KIDs (PlayReady Header Specification, 3.3 to 3.6). */
export const HEADER_VERSIONS: Readonly<Record<HeaderVersion, VersionRules>> = {
  '4.0': {
    text: '4.0.0.0',
    minKeys: 1,
    maxKeys: 1,
    algIds: ['AESCTR'],
    hasDecryptorSetup: false,
    writeProtection: ([entry]) =>
      `<PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>${entry!.algId}</ALGID></PROTECTINFO><KID>${entry!.value}</KID>` +
      (entry!.checksum ? `<CHECKSUM>${entry!.checksum}</CHECKSUM>` : ''),
  },
  '4.1': {
    text: '4.1.0.0',
    minKeys: 0,
    maxKeys: 1,
    algIds: ['AESCTR'],
    hasDecryptorSetup: true,
    writeProtection: ([entry]) => (entry ? `<PROTECTINFO>${kidElement(entry)}</PROTECTINFO>` : ''),
  },
  '4.2': {
    text: '4.2.0.0',
    minKeys: 0,
    maxKeys: Number.POSITIVE_INFINITY,
    algIds: ['AESCTR'],
    hasDecryptorSetup: true,
    writeProtection: kidsElement,
  },
  '4.3': {
    text: '4.3.0.0',
    minKeys: 0,
    maxKeys: Number.POSITIVE_INFINITY,
    algIds: ['AESCTR', 'AESCBC'],
    hasDecryptorSetup: true,
    writeProtection: kidsElement,
  },
};

/**
 * The version asked for, or with `auto` the lowest that can carry the demands.
 * @throws PrpackError INVALID_ARGUMENT with the reason when it cannot
 */
export function chooseVersion(wanted: 'auto' | HeaderVersion, demands: HeaderDemands): HeaderVersion {
  assertNoImpossible(demands);
  const able = VERSIONS.filter((version) => !objection(version, demands));
  if (wanted === 'auto') return able[0]!;
  const reason = objection(wanted, demands);
  if (!reason) return wanted;
  throw refusal(
    `PlayReady header ${wanted} cannot carry this content: ${reason}`,
    `Choose version ${able.join(' or ')}, or "auto".`,
  );
}

/** What no version can carry (PlayReady Header Specification, 3.3.1 for the shared ALGID). */
function assertNoImpossible({ algIds, onDemand }: HeaderDemands): void {
  if (new Set(algIds).size > 1) {
    throw refusal(
      'A PlayReady header cannot carry this content: all its keys must share one ALGID.',
      'Build one header for the keys of each encryption mode.',
    );
  }
  if (algIds.length === 0 && !onDemand) {
    throw refusal(
      'A PlayReady header without KIDs needs the decryptor setup on-demand.',
      'Give the KIDs of the encrypted tracks, or ask for the decryptor setup on-demand.',
    );
  }
}

function objection(version: HeaderVersion, { algIds, onDemand }: HeaderDemands): string | undefined {
  const rules = HEADER_VERSIONS[version];
  if (algIds.length < rules.minKeys) return 'it must have a KID.';
  if (algIds.length > rules.maxKeys) return `it has room for one KID, not ${algIds.length}.`;
  const foreign = algIds.find((algId) => !rules.algIds.includes(algId));
  if (foreign) return `it does not know ALGID ${foreign}.`;
  if (onDemand && !rules.hasDecryptorSetup) return 'it has no DECRYPTORSETUP.';
  return undefined;
}

function refusal(message: string, remedy: string): PrpackError {
  return new PrpackError('INVALID_ARGUMENT', message, {
    clause: 'PlayReady Header Specification 3.3 to 3.6',
    remedy,
  });
}

function kidsElement(entries: readonly HeaderKidEntry[]): string {
  if (entries.length === 0) return '';
  return `<PROTECTINFO><KIDS>${entries.map(kidElement).join('')}</KIDS></PROTECTINFO>`;
}

/** Attributes in alphabetical order, closing tag explicit (PlayReady Header Specification, 3.2.3 and 3.2.5). */
function kidElement({ algId, checksum, value }: HeaderKidEntry): string {
  const checksumAttribute = checksum ? ` CHECKSUM="${checksum}"` : '';
  return `<KID ALGID="${algId}"${checksumAttribute} VALUE="${value}"></KID>`;
}
