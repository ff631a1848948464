import { PrpackError } from '../../errors.js';
import type { CpixAudioFilter, CpixVideoFilter } from '../cpix/document.js';
import type { TrackKeyRequest } from '../key-source.js';

/** Tracks that share a key. */
export interface TrackClass {
  /** `intendedTrackType` of its rule. */
  readonly name: string;
  /** What its key is registered with: the name that such tracks have in key stores; none where one key is for all. */
  readonly label?: string;
  readonly videoFilters: readonly CpixVideoFilter[];
  readonly audioFilters: readonly CpixAudioFilter[];
}

/** What has a key of its own: nothing (one key for all), video and audio, or every class of picture size and audio. */
export type KeyPer = 'none' | 'type' | 'resolution';

const SHARED: TrackClass = { name: 'ALL', videoFilters: [{}], audioFilters: [{}] };
const VIDEO: TrackClass = { name: 'VIDEO', label: 'video', videoFilters: [{}], audioFilters: [] };
const AUDIO: TrackClass = { name: 'AUDIO', label: 'AUDIO', videoFilters: [], audioFilters: [{}] };

/** Largest pictures of each class, in pixels (SPEKE 2.0, "Encryption contract"). */
const RESOLUTIONS: readonly (readonly [string, number])[] = [
  ['SD', 1024 * 576],
  ['HD', 1920 * 1080],
  ['UHD1', 4096 * 2160],
  ['UHD2', Number.POSITIVE_INFINITY],
];

/** One row for each way to share keys. */
const CLASS_OF: Readonly<Record<KeyPer, (track: TrackKeyRequest) => TrackClass>> = {
  none: () => SHARED,
  type: ({ type }) => (type === 'video' ? VIDEO : { ...AUDIO, label: 'audio' }),
  resolution: (track) => (track.type === 'video' ? resolutionClass(track) : AUDIO),
};

/**
 * The class of a track.
 * @throws PrpackError KEY_INVALID when it depends on a picture size that is not known
 */
export function trackClassOf(track: TrackKeyRequest, keyPer: KeyPer): TrackClass {
  return CLASS_OF[keyPer](track);
}

function resolutionClass({ trackId, width, height }: TrackKeyRequest): TrackClass {
  if (width === undefined || height === undefined) {
    throw new PrpackError('KEY_INVALID', `the picture size of video track ${trackId} is not known`, {
      remedy: 'Ask for one key for all video instead of one for each resolution.',
    });
  }
  const index = RESOLUTIONS.findIndex(([, maxPixels]) => width * height <= maxPixels);
  const [name, maxPixels] = RESOLUTIONS[index];
  const filter = {
    ...(index > 0 && { minPixels: RESOLUTIONS[index - 1][1] + 1 }),
    ...(Number.isFinite(maxPixels) && { maxPixels }),
  };
  return { name, label: name, videoFilters: [filter], audioFilters: [] };
}
