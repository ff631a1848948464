import type { ByteSource } from '../bytes/source.js';
import { buildProtectionData } from '../drm/build.js';
import { writePssh } from '../isobmff/boxes/pssh.js';
import type { Movie } from '../isobmff/movie.js';
import type { AssignedKey } from '../keys/key-source.js';
import type { Crew } from './execute/crew.js';
import { breathe } from './job.js';
import { encryptEdits, type TrackEncryption } from './plan/encrypt-edits.js';
import { FragmentedPlan } from './plan/fragmented-plan.js';
import { KeepPlan } from './plan/keep-plan.js';
import type { OutputPlan } from './plan/output-plan.js';
import { protectTracks } from './protect-tracks.js';
import { wrapPssh } from './pssh.js';
import type { DescribedTrack } from './tracks.js';
import type { EncryptOptions, Layout, ProtectionSystem } from './types.js';

const DEFAULT_SYSTEMS: readonly ProtectionSystem[] = ['playready', 'common'];
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
  readonly warnings: readonly string[];
}

/**
 * Plans the whole output.
 * @param ivStarts the IV of each track's first sample, to plan again what was made before; random when absent
 * @throws PrpackError INVALID_ARGUMENT, MALFORMED_INPUT, UNSUPPORTED_FEATURE, ABORTED
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
  const { boxes, warnings } = buildPsshBoxes(keys, options);
  const pause = () => {
    options.onProgress?.({ phase: 'plan', bytesDone: 0, bytesTotal: source.sizeBytes });
    return breathe(options.signal);
  };
  const request = { tracks, keys, ivSize, ...(ivStarts && { ivStarts }) };
  const encryptions = await protectTracks(source, request, pause);
  const known = { layout, encryptions, psshBoxes: boxes };
  if (layout === 'keep') {
    const plan = new KeepPlan(movie, source, encryptEdits(movie, encryptions, boxes));
    return { ...known, plan, fragments: movie.fragments.count, warnings };
  }
  const plan = new FragmentedPlan(movie, source, encryptions, boxes, fragmentDurationSeconds);
  return { ...known, plan, fragments: plan.fragmentCount, warnings: [...warnings, ...plan.warnings] };
}

function buildPsshBoxes(
  keys: readonly AssignedKey[],
  { systems = DEFAULT_SYSTEMS, playready, contentId, extraPssh = [] }: EncryptOptions,
): { boxes: Uint8Array[]; warnings: string[] } {
  const built = [...new Set(systems)].map((system) =>
    buildProtectionData(system, {
      keys: keys.map(({ kid, key }) => ({ kid, key: key.revealBytes() })),
      scheme: 'cenc',
      ...(playready && { playready }),
      ...(contentId !== undefined && { contentId: Buffer.from(contentId, 'utf8') }),
    }),
  );
  const warnings = built.flatMap((system) => system.warnings);
  if (systems.includes('playready') && playready?.laUrl === undefined) {
    warnings.push(
      'The PlayReady header has no license acquisition URL (--la-url): players must get it from elsewhere.',
    );
  }
  return {
    boxes: [...built.map(({ protection }) => writePssh(protection)), ...extraPssh.map(wrapPssh)],
    warnings,
  };
}
