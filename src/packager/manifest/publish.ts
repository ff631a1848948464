import { join } from 'node:path';
import { stateOfFile } from '../../bytes/files.js';
import { newFingerprintKey } from '../../bytes/fingerprint.js';
import { DirectorySink } from '../../bytes/sinks/directory-sink.js';
import { FileSource, readBytes } from '../../bytes/source.js';
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
  { outDir, force = false }: ManifestOptions,
): Promise<boolean> {
  const manifests = manifestsOf(plan);
  if (areThere(manifests, outDir)) return true;
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
    await sink.commit();
  } finally {
    sink.abort();
  }
  return false;
}

function areThere(manifests: readonly NamedText[], outDir: string): boolean {
  return manifests.every(({ name, text }) => {
    const bytes = Buffer.from(text);
    const path = join(outDir, name);
    return stateOfFile(path)?.bytes === bytes.length && bytes.equals(bytesOf(path));
  });
}

function bytesOf(path: string): Uint8Array {
  const source = new FileSource(path);
  try {
    return readBytes(source, 0, source.sizeBytes);
  } finally {
    source.close();
  }
}

/** The files of `package` with these manifests in place of its own. */
function stateWith(manifests: readonly NamedText[], former: PackageState): PackageState {
  const { contentId, fingerprintKey = newFingerprintKey(), mediaVersion } = former;
  const media = former.files.filter(({ name }) => !/\.(?:m3u8|mpd)$/.test(name));
  const files = [
    ...media,
    ...manifests.map(({ name, text }) => publishedFile({ name, bytes: Buffer.from(text) }, fingerprintKey)),
  ];
  const { tracks } = former;
  return newState(
    { contentId, fingerprintKey, job: MADE_OF_FILES, mediaVersion, files, ...(tracks && { tracks }) },
    former,
  );
}
