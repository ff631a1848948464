import { PrpackError } from '../errors.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import {
  type AssignedKey,
  algorithmOf,
  type CryptoPeriod,
  type KeyScheme,
  type KeySource,
  type TrackKeyRequest,
} from '../keys/key-source.js';
import { randomKeySource } from '../keys/random.js';
import { algorithmConflict } from '../keystore/registration-rules.js';
import { storedContentSource } from '../keystore/stored-keys.js';
import { trackDurationSeconds } from '../layout/timing.js';
import { wantedOfKeySource } from '../protection/pssh-boxes.js';
import type { DescribedTrack } from '../protection/tracks.js';
import { named } from '../settings/spelling.js';
import type { EncryptOptions, KeyPer } from './types.js';

/** What decides about the keys of tracks. */
export type KeyOptions = Pick<
  EncryptOptions,
  'keys' | 'keyPer' | 'keyStore' | 'keysOut' | 'contentId' | 'systems' | 'playready'
> & {
  /** Default `cenc`. */
  readonly scheme?: KeyScheme;
  /** One a track: what a key of its own is called, where the tracks of several inputs have the same ids. Default `track-<id>`. */
  readonly trackNames?: readonly string[];
  /** Whether manifests are made, too. Default false. */
  readonly forManifests?: boolean;
  /** Said here: nothing of FairPlay is wanted of the key source. */
  readonly fairplayUri?: string;
};

/** The keys of one crypto period, in the order of the tracks. Called once a period, in any order. */
export type PeriodKeys = (period: CryptoPeriod) => Promise<AssignedKey[]>;

/**
 * A key for each track, in the order of the tracks.
 * @throws PrpackError KEY_REQUIRED when a new random key would be kept nowhere, and the errors of the key source
 */
export async function assignKeys(
  tracks: readonly DescribedTrack[],
  contentId: string,
  options: KeyOptions,
): Promise<AssignedKey[]> {
  const source = await keySourceOf(options, contentId);
  return assignByLabel(source, keyRequests(tracks, options), options);
}

/**
 * The keys of several crypto periods: outer index the period, in the order given, inner index the track.
 * @throws PrpackError as `openPeriodKeys` and what it gives
 */
export async function assignPeriodKeys(
  tracks: readonly DescribedTrack[],
  contentId: string,
  options: KeyOptions,
  periods: readonly CryptoPeriod[],
): Promise<AssignedKey[][]> {
  const keysOf = await openPeriodKeys(tracks, contentId, options);
  const assigned: AssignedKey[][] = [];
  for (const period of periods) assigned.push(await keysOf(period));
  return assigned;
}

/**
 * What gives the keys of one crypto period after the other, for streams, whose number of periods is not known.
 * @throws PrpackError INVALID_ARGUMENT when the key source has one key only; from the function, KEY_REQUIRED as `assignKeys`, KEY_CONFLICT
 *   when a key was given for another period already, and the errors of the key source
 */
export async function openPeriodKeys(
  tracks: readonly DescribedTrack[],
  contentId: string,
  options: KeyOptions,
): Promise<PeriodKeys> {
  const source = await keySourceOf(options, contentId);
  assertCanRotate(source);
  const requests = keyRequests(tracks, options);
  const periodOf = new Map<string, number>();
  return async (period) => {
    const ofPeriod = requests.map((request) => ({ ...request, period }));
    const assigned = await assignByLabel(source, ofPeriod, options);
    for (const { kid } of assigned) assertNewInPeriod(periodOf, kid, period.index);
    return assigned;
  };
}

/**
 * Refuses key rotation with a key source that has one key only, before anything is read. A function that gives a source cannot be asked.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertCanRotate(keys: EncryptOptions['keys']): void {
  if (!keys || typeof keys === 'function' || keys.canRotate !== false) return;
  throw new PrpackError(
    'INVALID_ARGUMENT',
    'key rotation needs a key for each crypto period, and this key source has one only',
    {
      remedy:
        `Leave the key source out, so that keys are made here, or name one that can give several: a key seed without a KID (${named('keySeedFile')}), ` +
        `a key file with "period" in its entries (${named('keyFile')}), a CPIX document with key periods (${named('cpix')}), or a server.`,
    },
  );
}

/** A key that goes on in the next period would use its counter blocks twice, and no license would end with the period. */
function assertNewInPeriod(periodOf: Map<string, number>, kid: string, index: number): void {
  const other = periodOf.get(kid) ?? index;
  periodOf.set(kid, other);
  if (other === index) return;
  throw new PrpackError(
    'KEY_CONFLICT',
    `KID ${kid} was given for crypto periods ${other} and ${index}: a key serves one period`,
    {
      remedy:
        'Have the key source give every crypto period a KID and key of its own, or encrypt without key rotation.',
    },
  );
}

/** The source that was named, else the keys that the content has in the store already, else random ones. */
async function keySourceOf(options: KeyOptions, contentId: string): Promise<KeySource> {
  const { keys, keyStore } = options;
  if (keys) return typeof keys === 'function' ? keys(contentId) : keys;
  const otherwise = randomKeySource();
  if (!keyStore) return otherwise;
  const isNamedAfterInput = options.contentId === undefined;
  return storedContentSource(keyStore, { contentId, isNamedAfterInput, otherwise });
}

/**
 * Tracks of one label share a key, tracks of different labels do not: a source is asked once a label.
 * @throws PrpackError KEY_REQUIRED when a new random key would be kept nowhere
 */
async function assignByLabel(
  source: KeySource,
  requests: readonly TrackKeyRequest[],
  options: KeyOptions,
): Promise<AssignedKey[]> {
  const systemIds = wantedOfKeySource(options);
  const assigned = new Map<TrackKeyRequest, AssignedKey>();
  for (const label of new Set(requests.map((request) => request.label))) {
    const group = requests.filter((request) => request.label === label);
    const keys = await source.assign(group, systemIds, options.forManifests);
    for (const [i, key] of keys.entries()) assigned.set(group[i], completed(key, group[i]));
  }
  assertKept([...assigned.values()], options);
  return requests.map((request) => assigned.get(request)!);
}

/**
 * A key with its algorithm and period, which sources of users need not say.
 * @throws PrpackError KEY_CONFLICT when the source says that the key is for the other algorithm
 */
function completed(key: AssignedKey, request: TrackKeyRequest): AssignedKey {
  const algorithm = algorithmOf(request);
  if (key.algorithm !== undefined && key.algorithm !== algorithm)
    throw algorithmConflict(key.kid, key.algorithm, algorithm);
  return { ...key, algorithm, ...(request.period && { period: request.period.index }) };
}

function assertKept(assigned: readonly AssignedKey[], { keyStore, keysOut }: KeyOptions): void {
  const isKept = keyStore !== undefined || keysOut !== undefined;
  if (isKept || assigned.every(({ source }) => source !== 'random')) return;
  throw new PrpackError('KEY_REQUIRED', 'a random key that is kept nowhere would lose the content', {
    remedy:
      `Register it in a key store (${named('keyStore')}), add ${named('keysOut', 'keys.json')} to keep it, or give a key, ` +
      `for example with ${named('keyFile')} or ${named('keySeedFile')}.`,
  });
}

function keyRequests(
  tracks: readonly DescribedTrack[],
  { keyPer = 'none', scheme = 'cenc', trackNames }: KeyOptions,
): TrackKeyRequest[] {
  return tracks.map((described, i) => ({
    ...keyRequest(described, keyPer, trackNames?.[i] ?? `track-${described.track.id}`),
    scheme,
  }));
}

function keyRequest({ track, codecs }: DescribedTrack, keyPer: KeyPer, name: string): TrackKeyRequest {
  const { width, height, channels } = codecs[0];
  const isVideo = mediaTypeOf(track.handler) === 'video';
  const seconds = trackDurationSeconds(track);
  const request: TrackKeyRequest = {
    trackId: track.id,
    type: isVideo ? 'video' : 'audio',
    ...(isVideo && width !== undefined && height !== undefined && { width, height }),
    ...(isVideo && seconds > 0 && { frameRateFps: track.samples.count / seconds }),
    ...(!isVideo && channels !== undefined && { channels }),
    ...(seconds > 0 && { bitrateBps: (8 * sumOf(track.samples.sizes)) / seconds }),
  };
  const label = LABELS[keyPer](request, name);
  return label === undefined ? request : { ...request, label };
}

function sumOf(sizes: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < sizes.length; i++) sum += sizes[i];
  return sum;
}

/** What tracks that share a key have in common. */
const LABELS: Readonly<Record<KeyPer, (request: TrackKeyRequest, name: string) => string | undefined>> = {
  none: () => undefined,
  type: ({ type }) => type,
  track: (_, name) => name,
  resolution: ({ type, width = 0, height = 0 }) =>
    type === 'audio' ? 'AUDIO' : resolutionClass(width * height),
};

/** Largest picture of each class, in pixels, as license policies tell them apart (SPEKE 2.0, content key usage rules). */
const RESOLUTION_CLASSES: readonly (readonly [name: string, maxPixels: number])[] = [
  ['SD', 589_824],
  ['HD', 2_073_600],
  ['UHD1', 8_847_360],
  ['UHD2', Number.POSITIVE_INFINITY],
];

function resolutionClass(pixels: number): string {
  return RESOLUTION_CLASSES.find(([, maxPixels]) => pixels <= maxPixels)![0];
}
