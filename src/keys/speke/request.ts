import type { CpixDocument, CpixDrmSystem, CpixVersion } from '../cpix/document.js';
import { type KeyId, newKeyId } from '../key-id.js';
import type { TrackClass } from './track-class.js';

export type SpekeVersion = '1.0' | '2.0' | '2.1';

/** CPIX version that each version of SPEKE is bound to. */
export const CPIX_VERSION_OF: Readonly<Record<SpekeVersion, CpixVersion>> = {
  '1.0': '2.0',
  '2.0': '2.3',
  '2.1': '2.4',
};

/** Signalling that can be asked for. */
export type SpekeSignaling = 'pssh' | 'contentProtectionData' | 'hlsSignaling' | 'smoothStreamingData';

/** A protection system, and what is wanted of it. */
export interface SpekeSystem {
  /** UUID text. */
  readonly systemId: string;
  readonly wants: readonly SpekeSignaling[];
}

/** The key that is asked for one class of tracks. */
export interface AskedKey {
  readonly kid: KeyId;
  readonly trackClass: TrackClass;
}

export interface SpekeContract {
  readonly contentId: string;
  /** Encryption scheme, such as `cenc`. */
  readonly scheme: string;
  readonly systems: readonly SpekeSystem[];
  /** Certificate (DER) that the server is to encrypt keys to. */
  readonly certificate?: Uint8Array;
}

/** New KIDs, one for each class that occurs. */
export function askForClasses(classes: readonly TrackClass[]): AskedKey[] {
  const distinct = new Map(classes.map((trackClass) => [trackClass.name, trackClass]));
  return [...distinct.values()].map((trackClass) => ({ kid: newKeyId(), trackClass }));
}

/** An element that is there and empty asks for its content. */
const EMPTY: Readonly<Record<SpekeSignaling, Partial<CpixDrmSystem>>> = {
  pssh: { pssh: new Uint8Array() },
  contentProtectionData: { contentProtectionData: '' },
  hlsSignaling: { hlsSignaling: { media: '', multivariant: '' } },
  smoothStreamingData: { smoothStreamingData: '' },
};

/** The document that asks a key provider for keys. */
export function spekeRequest(
  contract: SpekeContract,
  asked: readonly AskedKey[],
  version: SpekeVersion,
): CpixDocument {
  const { contentId, scheme, systems, certificate } = contract;
  return {
    contentId,
    recipients: certificate ? [certificate] : [],
    contentKeys: asked.map(({ kid }) => ({ kid, commonEncryptionScheme: scheme })),
    drmSystems: asked.flatMap(({ kid }) =>
      systems.map(({ systemId, wants }) =>
        Object.assign({ systemId, kid }, ...wants.map((want) => EMPTY[want])),
      ),
    ),
    keyPeriods: [],
    usageRules: version === '1.0' ? [] : asked.map(usageRuleOf), // version 1 knows rules for rotating keys only
  };
}

function usageRuleOf({ kid, trackClass }: AskedKey): CpixDocument['usageRules'][number] {
  const { name, videoFilters, audioFilters } = trackClass;
  return {
    kid,
    intendedTrackType: name,
    keyPeriodFilters: [],
    labelFilters: [],
    videoFilters,
    audioFilters,
    bitrateFilters: [],
    unknownFilters: [],
  };
}
