import { FileSource } from '../../../src/bytes/source.js';
import { NO_PATTERN } from '../../../src/cenc/scheme.js';
import { readMovie } from '../../../src/isobmff/movie.js';
import { ContentKey } from '../../../src/keys/content-key.js';
import { planEncryption } from '../../../src/packager/encryption-plan.js';
import type { Execution } from '../../../src/packager/execute/execute.js';
import { decryptEdits } from '../../../src/packager/plan/decrypt-edits.js';
import { KeepPlan } from '../../../src/packager/plan/keep-plan.js';
import { isProtected, readProtections } from '../../../src/packager/protection-reader.js';
import { describeTracks, selectTracks } from '../../../src/packager/tracks.js';
import type { Layout } from '../../../src/packager/types.js';
import { KEY, testKeys } from '../../support/jobs.js';

/** All of an execution but where its output goes. */
export type Planned = Pick<Execution, 'plan' | 'source' | 'steps'>;

const key = ContentKey.fromHex(KEY);

/** Plans to encrypt a file with the tests' key and always the same IVs: the plan of every call is the same. */
export async function planToEncrypt(path: string, layout: Layout): Promise<Planned> {
  const source = new FileSource(path);
  const movie = readMovie(source);
  const tracks = selectTracks(await describeTracks(movie), undefined);
  const requests = tracks.map(({ track }) => ({ trackId: track.id, type: 'video' as const }));
  const work = { movie, source, tracks, keys: await testKeys.assign(requests) };
  const ivStarts = tracks.map((_, i) => Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff - i, 0xf0));
  const options = { input: path, output: '', keys: testKeys, layout };
  const { plan, encryptions } = await planEncryption(work, options, ivStarts);
  return { plan, source, steps: [{ direction: 'encrypt', protections: encryptions, keyOf: () => key }] };
}

/** Plans to decrypt a file with the tests' key. */
export function planToDecrypt(path: string): Planned {
  const source = new FileSource(path);
  const movie = readMovie(source);
  const protections = readProtections(movie, source).map((found) => ({
    ...found,
    scheme: 'cenc' as const,
    pattern: NO_PATTERN,
  }));
  const plan = new KeepPlan(
    movie,
    source,
    decryptEdits(movie, source, new Set(movie.tracks.filter(isProtected))),
  );
  return { plan, source, steps: [{ direction: 'decrypt', protections, keyOf: () => key }] };
}
