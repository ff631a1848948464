import { readState } from '../package/state.js';

/** Fingerprints of what a title has published, from its own account; nothing where there is none. */
export async function publishedFiles(outDir: string): Promise<string[]> {
  const state = await readState(outDir);
  return state?.files.flatMap(({ fingerprint }) => fingerprint ?? []) ?? [];
}
