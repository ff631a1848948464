import type { ByteSource } from '../bytes/source.js';
import type { Movie } from '../isobmff/movie.js';
import type { AssignedKey } from '../keys/key-source.js';
import type { Crew } from './execute/crew.js';
import { inputWarnings } from './input-warnings.js';
import { breathe } from './job.js';
import { encryptEdits, type TrackEncryption } from './plan/encrypt-edits.js';
import { FragmentedPlan } from './plan/fragmented-plan.js';
import { KeepPlan } from './plan/keep-plan.js';
import type { OutputPlan } from './plan/output-plan.js';
import { protectTracks } from './protect-tracks.js';
import { buildPsshBoxes } from './pssh-boxes.js';
import type { DescribedTrack } from './tracks.js';
import type { EncryptOptions, Layout } from './types.js';

export const DEFAULT_IV_SIZE = 8;
const DEFAULT_FRAGMENT_SECONDS = 2;

/** What is to be encrypted, and with what. */
export interface EncryptionWork {
  readonly movie: Movie;
  readonly source: ByteSource;
  readonly tracks: readonly DescribedTrack[];
  /** One a track. */
  readonly keys: readonly AssignedKey[];
  /** The threads that write the output beside this one. */
  readonly crew?: Crew | undefined;
}

/** All that is known of the output before it is written. */
export interface PlannedEncryption {
  readonly plan: OutputPlan;
  readonly layout: Layout;
  /** 0 when the output is progressive. */
  readonly fragments: number;
  readonly encryptions: readonly TrackEncryption[];
  readonly psshBoxes: readonly Uint8Array[];
  /** License acquisition URL of the PlayReady header. */
  readonly laUrl?: string;
  readonly warnings: readonly string[];
}

/**
 * Plans the whole output.
 * @param ivStarts the IV of each track's first sample, to plan again what was made before; random when absent
 * @throws PrpackError INVALID_ARGUMENT, MALFORMED_INPUT, UNSUPPORTED_FEATURE, KEY_SOURCE_FAILED, ABORTED
 */
export async function planEncryption(
  { movie, source, tracks, keys }: EncryptionWork,
  options: EncryptOptions,
  ivStarts?: readonly Uint8Array[],
): Promise<PlannedEncryption> {
  const {
    layout = 'fragmented',
    fragmentDurationSeconds = DEFAULT_FRAGMENT_SECONDS,
    ivSize = DEFAULT_IV_SIZE,
  } = options;
  const { boxes, warnings: ofPssh, laUrl } = buildPsshBoxes(keys, options);
  const warnings = [...inputWarnings(movie, layout), ...ofPssh];
  const pause = () => {
    options.onProgress?.({ phase: 'plan', bytesDone: 0, bytesTotal: source.sizeBytes });
    return breathe(options.signal);
  };
  const request = { tracks, keys, ivSize, ...(ivStarts && { ivStarts }) };
  const encryptions = await protectTracks(source, request, pause);
  const known = { layout, encryptions, psshBoxes: boxes, ...(laUrl !== undefined && { laUrl }) };
  if (layout === 'keep') {
    const plan = new KeepPlan(movie, source, encryptEdits(movie, encryptions, boxes));
    return { ...known, plan, fragments: movie.fragments.count, warnings };
  }
  const plan = new FragmentedPlan(movie, source, encryptions, boxes, fragmentDurationSeconds);
  return { ...known, plan, fragments: plan.fragmentCount, warnings: [...warnings, ...plan.warnings] };
}
