import { join } from 'node:path';
import { stateOfFile } from '../../bytes/files.js';
import { DirectorySink } from '../../bytes/sinks/directory-sink.js';
import { fingerprintOf } from '../execute/fingerprint.js';
import { manifestsOf, type NamedText } from '../package/manifest-files.js';
import {
  newState,
  type PackageState,
  pathsBelow,
  publishedFile,
  readState,
  STATE_FILE,
  stateText,
} from '../package/state.js';
import type { ManifestPlan } from './manifest-plan.js';
import type { ManifestOptions } from './types.js';

/** What `prpack.json` says in place of the digest of a title: `package` has not made these manifests. */
const MADE_OF_FILES = 'manifest';

/**
 * Puts manifests in place: playlists first, then what players find by its name. In a folder of `package`, its list of files is kept true.
 * @returns whether these very manifests were there already, so that nothing was written
 * @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED
 */
export async function publishManifests(
  plan: ManifestPlan,
  { outDir, force = false, signal }: ManifestOptions,
): Promise<boolean> {
  const manifests = manifestsOf(plan);
  if (await areThere(manifests, outDir, signal)) return true;
  const sink = new DirectorySink(outDir, true);
  try {
    const former = await readState(outDir);
    if (former) {
      const state = stateWith(manifests, former);
      sink.write(STATE_FILE, 'manifest', Buffer.from(stateText(state)));
      sink.replaces(state.replaced.flatMap((name) => pathsBelow(outDir, name)));
    }
    // What is new does not take the place of anything.
    const role = force ? 'manifest' : 'media';
    for (const { name, text } of manifests) sink.write(name, role, Buffer.from(text));
    await sink.flush();
    sink.commit();
  } finally {
    sink.abort();
  }
  return false;
}

async function areThere(
  manifests: readonly NamedText[],
  outDir: string,
  signal: ManifestOptions['signal'],
): Promise<boolean> {
  for (const { name, text } of manifests) {
    const { bytes, sha256 } = publishedFile({ name, bytes: Buffer.from(text) });
    const path = join(outDir, name);
    if (stateOfFile(path)?.bytes !== bytes || (await fingerprintOf(path, signal)) !== sha256) return false;
  }
  return true;
}

/** The files of `package` with these manifests in place of its own. */
function stateWith(manifests: readonly NamedText[], former: PackageState): PackageState {
  const { contentId, mediaVersion } = former;
  const media = former.files.filter(({ name }) => !/\.(?:m3u8|mpd)$/.test(name));
  const files = [
    ...media,
    ...manifests.map(({ name, text }) => publishedFile({ name, bytes: Buffer.from(text) })),
  ];
  const { tracks } = former;
  return newState({ contentId, job: MADE_OF_FILES, mediaVersion, files, ...(tracks && { tracks }) }, former);
}
