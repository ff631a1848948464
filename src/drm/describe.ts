import { toHex } from '../bytes/hex.js';
import { type PlayReadyHeader, readPlayReadyHeader } from './playready/header-reader.js';
import { readPlayReadyObject } from './playready/object.js';
import type { ProtectionData } from './protection-data.js';
import { SYSTEM_IDS, systemName } from './system-ids.js';
import { readWidevinePsshData } from './widevine.js';

/** A PlayReady Object as `inspect` shows it. */
export interface PlayReadyDescription extends PlayReadyHeader {
  /** Size of the embedded license store, where there is one. */
  readonly licenseStoreBytes?: number;
}

/** A Widevine pssh as `inspect` shows it. */
export interface WidevineDescription {
  /** Hex. */
  readonly contentId?: string;
  readonly provider?: string;
  readonly policy?: string;
  readonly protectionScheme?: string;
}

export interface ProtectionDescription {
  /** UUID text, lower case. */
  readonly systemId: string;
  /** Name of the system, or `unknown`. */
  readonly name: string;
  /** KIDs (UUID text) that the box lists, or its data where the box lists none. */
  readonly keyIds: readonly string[];
  readonly playready?: PlayReadyDescription;
  readonly widevine?: WidevineDescription;
  /** Why the data could not be read, when it could not. */
  readonly problem?: string;
}

type SystemDescription = Partial<Pick<ProtectionDescription, 'keyIds' | 'playready' | 'widevine'>>;

const DESCRIBERS: ReadonlyMap<string, (data: Uint8Array) => SystemDescription> = new Map([
  [SYSTEM_IDS.playready, describePlayReady],
  [SYSTEM_IDS.widevine, describeWidevine],
]);

/** What the data of a `pssh` box says, for people and reports. Never throws: bad data becomes a `problem`. */
export function describeProtectionData(protection: ProtectionData): ProtectionDescription {
  const systemId = protection.systemId.toLowerCase();
  const known = { systemId, name: systemName(systemId), keyIds: protection.keyIds };
  try {
    const { keyIds = [], ...described } = DESCRIBERS.get(systemId)?.(protection.data) ?? {};
    return { ...known, ...described, keyIds: protection.keyIds.length > 0 ? protection.keyIds : keyIds };
  } catch (error) {
    return { ...known, problem: error instanceof Error ? error.message : String(error) };
  }
}

function describePlayReady(data: Uint8Array): SystemDescription {
  const { header, licenseStoreBytes } = readPlayReadyObject(data);
  if (!header) throw new Error('PlayReady Object: it has no header record');
  const playready: PlayReadyDescription = {
    ...readPlayReadyHeader(header),
    ...(licenseStoreBytes !== undefined && { licenseStoreBytes }),
  };
  return { keyIds: playready.keys.map(({ kid }) => kid), playready };
}

function describeWidevine(data: Uint8Array): SystemDescription {
  const { keyIds, contentId, ...texts } = readWidevinePsshData(data);
  return { keyIds, widevine: { ...texts, ...(contentId && { contentId: toHex(contentId) }) } };
}
