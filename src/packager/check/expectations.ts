import type { ByteSource } from '../../bytes/source.js';
import type { Movie } from '../../isobmff/movie.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { TrackEncryption } from '../../protection/track-protection.js';
import type { CipherOf } from '../execute/sample-processor.js';

/** Where manifests say that segments begin, and when. */
export interface SegmentExpectations {
  /** Within the output. */
  readonly startBytes: readonly number[];
  /** Earliest presentation time of each, in ticks of its track. */
  readonly startTicks: readonly number[];
  /** Whether each begins with `styp`; else with `moof`, or the events before it. */
  readonly hasStyp: boolean;
}

/** What an output must turn out to be. */
export interface EncryptExpectations {
  readonly input: ByteSource;
  readonly movie: Movie;
  readonly sizeBytes: number;
  readonly encryptions: readonly TrackEncryption[];
  readonly keyOf: (kid: string) => ContentKey;
  /** One a track of the movie: ticks by which its decode times are later than in the input. Default: none are. */
  readonly delaysTicks?: readonly number[];
  /** How many samples of each track are decrypted, spread evenly over it. Default 64. */
  readonly samplesChecked?: number;
  /** Ciphers that decrypt under a KID, where they are kept; made of `keyOf` when absent. */
  readonly cipherOf?: CipherOf;
  /** Of an output of one track. Default: nobody says where its segments are. */
  readonly segments?: SegmentExpectations;
}
