import { algorithmOf, type KeyAlgorithm, type KeyScheme } from './algorithm.js';
import type { ContentKey } from './content-key.js';
import type { CryptoPeriod } from './crypto-period.js';
import type { KeyId } from './key-id.js';

export type { KeyAlgorithm, KeyScheme } from './algorithm.js';
export { algorithmOf } from './algorithm.js';
export type { CryptoPeriod } from './crypto-period.js';

/** A track that is to be encrypted, as far as the choice of its key depends on it. */
export interface TrackKeyRequest {
  /** track_ID of the movie. */
  readonly trackId: number;
  readonly type: 'audio' | 'video';
  /** A class of tracks that share a key, such as `HD`; where absent, the type is the class. */
  readonly label?: string;
  /** Picture size in pixels, for video. */
  readonly width?: number;
  readonly height?: number;
  /** What follows decides only where a key source has rules for it; where it is absent, such a rule cannot be applied. */
  readonly frameRateFps?: number;
  readonly isHdr?: boolean;
  readonly hasWideColorGamut?: boolean;
  /** Audio channels. */
  readonly channels?: number;
  /** Nominal bit rate in bits per second. */
  readonly bitrateBps?: number;
  /** Scheme that the track is encrypted with, which decides the algorithm of its key. Default `cenc`. */
  readonly scheme?: KeyScheme;
  /** Where the key is for one crypto period of the track only; absent where it is for all of the track. */
  readonly period?: CryptoPeriod;
}

/** What the one who gives a key wants in the file for a protection system, unchecked. */
export interface GivenProtection {
  /** SystemID that it is said to be of, UUID text. */
  readonly systemId: string;
  /** A whole `pssh` box, or a bare PlayReady Object. */
  readonly data: Uint8Array;
  /** `data` is what stands in a `pssh` box, and no box. */
  readonly isBoxData?: true;
  /** Who gave it, for messages: a path, or a URL without query. */
  readonly origin: string;
}

/** What the one who gives a key wants in manifests for a protection system (DASH-IF CPIX 2.4, DRMSystem). */
export interface GivenSignalling {
  /** UUID text. */
  readonly systemId: string;
  /** XML inside ContentProtection of an MPD, well-formed. */
  readonly contentProtection?: string;
  /** Lines of a media playlist, unchecked. */
  readonly hlsKey?: string;
  /** Lines of a multivariant playlist, unchecked. */
  readonly hlsSessionKey?: string;
  /** Who gave it, for messages: a path, or a URL without query. */
  readonly origin: string;
}

/** The key that a track is encrypted with. */
export interface AssignedKey {
  /** track_ID of the movie; absent where the tracks of several inputs share keys. */
  readonly trackId?: number;
  readonly kid: KeyId;
  readonly key: ContentKey;
  readonly label?: string;
  /** What the key encrypts with. Absent: what the scheme of the request needs. */
  readonly algorithm?: KeyAlgorithm;
  /** Index of the crypto period that the key is for; absent where it is for all of the track. */
  readonly period?: number;
  /** Where the key comes from: `random`, `file`, `environment`, `given`, `seed`, `store`, `cpix`, `speke`, `widevine` or `packaging-data`. */
  readonly source: string;
  /** Which seed the key was derived from, for source `seed`: enough for its owner to derive the key again. */
  readonly seedId?: string;
  /** What is to stand in the file for this key, where its source says so. */
  readonly protection?: readonly GivenProtection[];
  /** What manifests are to say of this key, where its source says so. */
  readonly signalling?: readonly GivenSignalling[];
}

/** Hands out keys for encryption. */
export interface KeySource {
  /**
   * Whether it has a key for each crypto period. `false`: it has one key, and key rotation is refused before anything is read.
   * Absent: it is not known beforehand; rotation is refused when a key comes for a second period.
   */
  readonly canRotate?: boolean;

  /**
   * One key for every request, in the order of the requests. The requests of one call have the same label, scheme and period.
   * @param systemIds protection systems (UUID text) whose data is wanted with the keys, of sources that have to be asked for it
   * @param forManifests whether what manifests say of these systems is wanted as well
   * @throws PrpackError KEY_REQUIRED when a track has no key, KEY_INVALID when its key is not unambiguous
   */
  assign(
    requests: readonly TrackKeyRequest[],
    systemIds?: readonly string[],
    forManifests?: boolean,
  ): Promise<AssignedKey[]>;
}

/** Finds keys for decryption. */
export interface KeyLookup {
  /** The key of that KID, or undefined when it is not known here. */
  find(kid: KeyId): Promise<ContentKey | undefined>;
}

/** The same key for every track. Counter blocks stay apart because every track gets an IV of its own. */
export function assignToAll(
  requests: readonly TrackKeyRequest[],
  shared: Omit<SourcedKey, 'label'>,
): AssignedKey[] {
  return requests.map((request) => assignTo(request, shared));
}

/** What a source says of a track's key; algorithm and period are those of the request. */
export type SourcedKey = Omit<AssignedKey, 'trackId' | 'algorithm' | 'period'>;

/** One track's key; the label is that of the source, where it has one for the track, else that of the request. */
export function assignTo(
  request: TrackKeyRequest,
  { label = request.label, ...given }: SourcedKey,
): AssignedKey {
  const { trackId, period } = request;
  return {
    trackId,
    ...given,
    algorithm: algorithmOf(request),
    ...(label !== undefined && { label }),
    ...(period && { period: period.index }),
  };
}
