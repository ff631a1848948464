import type { KeyScheme } from '../algorithm.js';
import type { CpixDocument, CpixDrmSystem, CpixKeyPeriod, CpixVersion } from '../cpix/document.js';
import { type CryptoPeriod, secondsAsDuration } from '../crypto-period.js';
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
  readonly systems: readonly SpekeSystem[];
  /** Certificate (DER) that the server is to encrypt keys to. */
  readonly certificate?: Uint8Array;
}

/** What the keys of one request are for. */
export interface SpekePurpose {
  readonly scheme: KeyScheme;
  /** Where keys rotate. */
  readonly period?: CryptoPeriod;
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
  { contentId, systems, certificate }: SpekeContract,
  { scheme, period }: SpekePurpose,
  asked: readonly AskedKey[],
  version: SpekeVersion,
): CpixDocument {
  const keyPeriods = period ? [keyPeriodOf(period, version)] : [];
  const periodIds = keyPeriods.map(({ id }) => id);
  return {
    contentId,
    recipients: certificate ? [certificate] : [],
    contentKeys: asked.map(({ kid }) => ({ kid, commonEncryptionScheme: scheme })),
    drmSystems: asked.flatMap(({ kid }) =>
      systems.map(({ systemId, wants }) =>
        Object.assign({ systemId, kid }, ...wants.map((want) => EMPTY[want])),
      ),
    ),
    keyPeriods,
    usageRules: asked.flatMap((key) => usageRuleOf(key, periodIds, version)),
  };
}

/** The id is an XML ID, which may not begin with a digit. Times came with 2.1; those of content on demand are offsets. */
function keyPeriodOf(
  { index, startSeconds, durationSeconds }: CryptoPeriod,
  version: SpekeVersion,
): CpixKeyPeriod & { readonly id: string } {
  const named = { id: `keyPeriod_${index}`, index };
  if (version !== '2.1') return named;
  return {
    ...named,
    startOffset: secondsAsDuration(startSeconds),
    endOffset: secondsAsDuration(startSeconds + durationSeconds),
  };
}

/** Version 1 knows rules for rotating keys only, and no classes of tracks. */
function usageRuleOf(
  { kid, trackClass }: AskedKey,
  keyPeriodFilters: readonly string[],
  version: SpekeVersion,
): CpixDocument['usageRules'] {
  const { name, videoFilters, audioFilters } = trackClass;
  const rule = { kid, keyPeriodFilters, labelFilters: [], bitrateFilters: [], unknownFilters: [] };
  if (version !== '1.0') return [{ ...rule, intendedTrackType: name, videoFilters, audioFilters }];
  return keyPeriodFilters.length > 0 ? [{ ...rule, videoFilters: [], audioFilters: [] }] : [];
}
