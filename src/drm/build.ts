import { PrpackError } from '../errors.js';
import { buildCommonProtection } from './common.js';
import { ALG_ID_OF, type ProtectionScheme } from './playready/alg-id.js';
import { buildPlayReadyHeader, type PlayReadyHeaderOptions } from './playready/header.js';
import { buildPlayReadyObject } from './playready/object.js';
import type { ProtectionData } from './protection-data.js';
import { SYSTEM_IDS } from './system-ids.js';
import { buildWidevinePsshData } from './widevine.js';

/** A protection system whose data prpack builds. */
export type BuildableSystem = Exclude<keyof typeof SYSTEM_IDS, 'fairplay'>;

export interface ProtectionKey {
  /** UUID text. */
  readonly kid: string;
  /** Content key of 16 bytes; only its PlayReady checksum is written. */
  readonly key?: Uint8Array;
}

/** What the packager chooses of the PlayReady header and object. */
export interface PlayReadyProtectionOptions extends Omit<PlayReadyHeaderOptions, 'keys'> {
  /** Size of the empty embedded license store to reserve; absent for none. */
  readonly reserveLicenseStoreBytes?: number;
}

export interface ProtectionOptions {
  /** Keys of the content. A KID may come more than once, as with several tracks under one key. */
  readonly keys: readonly ProtectionKey[];
  readonly scheme: ProtectionScheme;
  /** The content's name in the provider's catalogue, for Widevine. */
  readonly contentId?: Uint8Array;
  /** Name of the content provider, for Widevine. */
  readonly widevineProvider?: string;
  /** Name of a registered policy, for Widevine. */
  readonly widevinePolicy?: string;
  readonly playready?: PlayReadyProtectionOptions;
}

export interface BuiltProtection {
  readonly protection: ProtectionData;
  /** Sentences for the user about what was built but may not be what is wanted. */
  readonly warnings: readonly string[];
}

const BUILDERS: Readonly<Record<BuildableSystem, (options: ProtectionOptions) => BuiltProtection>> = {
  playready: buildPlayReady,
  common: ({ keys }) => ({ protection: buildCommonProtection(keys.map(({ kid }) => kid)), warnings: [] }),
  widevine: buildWidevine,
};

/**
 * The data that a system's `pssh` box carries for the content.
 * @throws PrpackError INVALID_ARGUMENT for options the system cannot carry, KEY_INVALID for a key that has not 16
 * bytes, KEY_CONFLICT for one KID with two keys
 */
export function buildProtectionData(system: BuildableSystem, options: ProtectionOptions): BuiltProtection {
  return BUILDERS[system]({ ...options, keys: distinctKeys(options.keys) });
}

/** A bare PlayReady Object made elsewhere, as it goes into a `pssh` box. */
export function wrapPlayReadyObject(object: Uint8Array): ProtectionData {
  return { systemId: SYSTEM_IDS.playready, keyIds: [], data: object };
}

/** Version 0 box: the KIDs stand in the header, and clients of PlayReady 1 and 2 read no other version. */
function buildPlayReady({ keys, scheme, playready = {} }: ProtectionOptions): BuiltProtection {
  const { reserveLicenseStoreBytes, ...header } = playready;
  const { xml, warnings } = buildPlayReadyHeader({
    ...header,
    keys: keys.map((key) => ({ ...key, algId: ALG_ID_OF[scheme] })),
  });
  const object = buildPlayReadyObject({
    headerXml: xml,
    ...(reserveLicenseStoreBytes !== undefined && { licenseStoreBytes: reserveLicenseStoreBytes }),
  });
  return { protection: wrapPlayReadyObject(object), warnings };
}

function buildWidevine(options: ProtectionOptions): BuiltProtection {
  const { keys, scheme, contentId, widevineProvider, widevinePolicy } = options;
  const data = buildWidevinePsshData({
    keyIds: keys.map(({ kid }) => kid),
    ...(contentId && { contentId }),
    ...(widevineProvider !== undefined && { provider: widevineProvider }),
    ...(widevinePolicy !== undefined && { policy: widevinePolicy }),
    protectionScheme: scheme,
  });
  return { protection: { systemId: SYSTEM_IDS.widevine, keyIds: [], data }, warnings: [] };
}

/** Each KID once, in order of first appearance, with its key where any entry has it. */
function distinctKeys(keys: readonly ProtectionKey[]): ProtectionKey[] {
  const byKid = new Map<string, ProtectionKey>();
  for (const entry of keys) {
    const known = byKid.get(entry.kid);
    if (known?.key && entry.key && Buffer.compare(known.key, entry.key) !== 0) {
      throw new PrpackError('KEY_CONFLICT', `KID ${entry.kid} comes with two different content keys`, {
        remedy: 'Give each content key a KID of its own.',
      });
    }
    byKid.set(entry.kid, known?.key ? known : entry);
  }
  return [...byKid.values()];
}
