import { PrpackError } from '../errors.js';
import type { AssignedKey, KeySource, TrackKeyRequest } from '../keys/key-source.js';
import { randomKeySource } from '../keys/random.js';
import { storedContentSource } from '../keystore/stored-keys.js';
import { named } from '../settings/spelling.js';
import { trackDurationSeconds } from './plan/timing.js';
import { wantedOfKeySource } from './pssh-boxes.js';
import type { DescribedTrack } from './tracks.js';
import type { EncryptOptions, KeyPer } from './types.js';

/**
 * A key for each track, in the order of the tracks.
 * @throws PrpackError KEY_REQUIRED when a new random key would be kept nowhere, and the errors of the key source
 */
export async function assignKeys(
  tracks: readonly DescribedTrack[],
  contentId: string,
  options: EncryptOptions,
): Promise<AssignedKey[]> {
  const { keyPer = 'none', keyStore, keysOut } = options;
  const requests = tracks.map((described) => keyRequest(described, keyPer));
  const assigned = await assignByLabel(
    await keySourceOf(options, contentId),
    requests,
    wantedOfKeySource(options),
  );
  const isKept = keyStore !== undefined || keysOut !== undefined;
  if (isKept || assigned.every(({ source }) => source !== 'random')) return assigned;
  throw new PrpackError('KEY_REQUIRED', 'a random key that is kept nowhere would lose the content', {
    remedy:
      `Register it in a key store (${named('keyStore')}), add ${named('keysOut', 'keys.json')} to keep it, or give a key, ` +
      `for example with ${named('keyFile')} or ${named('keySeedFile')}.`,
  });
}

/** The source that was named, else the keys that the content has in the store already, else random ones. */
async function keySourceOf(options: EncryptOptions, contentId: string): Promise<KeySource> {
  const { keys, keyStore } = options;
  if (keys) return typeof keys === 'function' ? keys(contentId) : keys;
  const otherwise = randomKeySource();
  if (!keyStore) return otherwise;
  const isNamedAfterInput = options.contentId === undefined;
  return storedContentSource(keyStore, { contentId, isNamedAfterInput, algorithm: 'AESCTR', otherwise });
}

/** Tracks of one label share a key, tracks of different labels do not: a source is asked once a label. */
async function assignByLabel(
  source: KeySource,
  requests: readonly TrackKeyRequest[],
  systemIds: readonly string[],
): Promise<AssignedKey[]> {
  const assigned = new Map<TrackKeyRequest, AssignedKey>();
  for (const label of new Set(requests.map((request) => request.label))) {
    const group = requests.filter((request) => request.label === label);
    for (const [i, key] of (await source.assign(group, systemIds)).entries()) assigned.set(group[i], key);
  }
  return requests.map((request) => assigned.get(request)!);
}

function keyRequest({ track, codecs }: DescribedTrack, keyPer: KeyPer): TrackKeyRequest {
  const { width, height, channels } = codecs[0];
  const isVideo = track.handler === 'vide';
  const seconds = trackDurationSeconds(track);
  const request: TrackKeyRequest = {
    trackId: track.id,
    type: isVideo ? 'video' : 'audio',
    ...(isVideo && width !== undefined && height !== undefined && { width, height }),
    ...(isVideo && seconds > 0 && { frameRateFps: track.samples.count / seconds }),
    ...(!isVideo && channels !== undefined && { channels }),
    ...(seconds > 0 && { bitrateBps: (8 * sumOf(track.samples.sizes)) / seconds }),
  };
  const label = LABELS[keyPer](request);
  return label === undefined ? request : { ...request, label };
}

function sumOf(sizes: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < sizes.length; i++) sum += sizes[i];
  return sum;
}

/** What tracks that share a key have in common. */
const LABELS: Readonly<Record<KeyPer, (request: TrackKeyRequest) => string | undefined>> = {
  none: () => undefined,
  type: ({ type }) => type,
  track: ({ trackId }) => `track-${trackId}`,
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
