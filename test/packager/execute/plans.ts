import { FileSource } from '../../../src/bytes/source.js';
import type { SchemeName } from '../../../src/cenc/scheme.js';
import { readMovie } from '../../../src/isobmff/movie.js';
import { ContentKey } from '../../../src/keys/content-key.js';
import { decryptEdits } from '../../../src/layout/decrypt-edits.js';
import { fragmentationOf } from '../../../src/layout/fragmented-plan.js';
import { KeepPlan } from '../../../src/layout/keep-plan.js';
import { presentationOf } from '../../../src/layout/presentation.js';
import { planEncryption } from '../../../src/packager/encryption-plan.js';
import type { PlannedOutput } from '../../../src/packager/execute/execute.js';
import type { EncryptOptions, Layout } from '../../../src/packager/types.js';
import { isProtected, readProtections } from '../../../src/protection/protection-reader.js';
import { protectionSettings } from '../../../src/protection/protection-settings.js';
import { describeTracks, selectTracks } from '../../../src/protection/tracks.js';
import { KEY, testKeys } from '../../support/jobs.js';

/** All of an output but where it goes. */
export type Planned = Pick<PlannedOutput, 'plan' | 'source' | 'steps'>;

const key = ContentKey.fromHex(KEY);
const FRAGMENT_SECONDS = 2;

/** Plans to encrypt a file with the tests' key and always the same IVs: the plan of every call is the same. */
export async function planToEncrypt(
  path: string,
  layout: Layout,
  choice: Pick<EncryptOptions, 'scheme' | 'pattern' | 'ivSize'> = {},
): Promise<Planned> {
  const source = new FileSource(path);
  const movie = readMovie(source);
  const tracks = selectTracks(await describeTracks(movie), undefined);
  const requests = tracks.map(({ track }) => ({ trackId: track.id, type: 'video' as const }));
  const fragmentation =
    layout === 'keep' ? undefined : fragmentationOf(presentationOf(movie, source), FRAGMENT_SECONDS);
  const work = { movie, source, tracks, keys: await testKeys.assign(requests), fragmentation };
  const { ivSize } = protectionSettings(choice);
  const ivStarts = tracks.map((_, i) => ivStart(i).subarray(0, ivSize));
  const options = { input: path, output: '', keys: testKeys, layout, ...choice };
  const { plan, encryptions } = await planEncryption(work, options, ivStarts);
  return { plan, source, steps: [{ direction: 'encrypt', protections: encryptions, keyOf: () => key }] };
}

/** Counters that soon carry out of their eighth byte, and of their sixteenth, where tracks share no block. */
function ivStart(index: number): Uint8Array {
  const low = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0];
  return Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff - index, 0xf0, ...low);
}

/** Plans to decrypt a file with the tests' key. */
export function planToDecrypt(path: string): Planned {
  const source = new FileSource(path);
  const movie = readMovie(source);
  const protections = readProtections(movie, source).map((found) => ({
    ...found,
    scheme: found.scheme as SchemeName,
  }));
  const plan = new KeepPlan(
    movie,
    source,
    decryptEdits(movie, source, new Set(movie.tracks.filter(isProtected))),
  );
  return { plan, source, steps: [{ direction: 'decrypt', protections, keyOf: () => key }] };
}
