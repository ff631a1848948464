import type { BatchKeys, HttpClient, KeyStore } from '../../index.js';
import { asksByContent } from './key-server.js';
import { type ContentFlags, type KeyFlags, selectKeys } from './keys.js';

type Library = typeof import('../../index.js');

/** What the keys of many files come from. */
interface Surroundings {
  readonly library: Library;
  readonly store: KeyStore;
  readonly client: HttpClient;
}

/** Keys for all files, or from a server that is asked for those of each content id; undefined where none are named. */
export async function batchKeysOf(
  flags: KeyFlags & ContentFlags,
  { library, store, client }: Surroundings,
): Promise<{ keys: BatchKeys; warnings: readonly string[] } | undefined> {
  const select = (contentId?: string) =>
    selectKeys(
      { ...flags, ...(contentId !== undefined && { contentId }) },
      process.env,
      library,
      store,
      client,
    );
  if (asksByContent(flags)) {
    return { keys: async (contentId) => (await select(contentId))!.source, warnings: [] };
  }
  const named = await select();
  return named && { keys: named.source, warnings: named.warnings };
}
