import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageFile } from '../../package-file.js';

/** What a manifest is written in. */
export type ManifestKind = 'dash' | 'hls';

/** A player of others that the page can use; a package of the registry. */
interface KnownPlayer {
  readonly name: string;
  /** In its package: a script that makes a global variable. */
  readonly script: string;
  readonly plays: readonly ManifestKind[];
}

/** In the order in which the page takes them. They are large, and the page is the only one that needs them: no package depends on them. */
const KNOWN_PLAYERS: readonly KnownPlayer[] = [
  { name: 'shaka-player', script: 'dist/shaka-player.compiled.js', plays: ['dash', 'hls'] },
  { name: 'dashjs', script: 'dist/modern/umd/dash.all.min.js', plays: ['dash'] },
  { name: 'hls.js', script: 'dist/hls.min.js', plays: ['hls'] },
];

/** A player as it was found, or not. */
export interface FoundPlayer {
  readonly name: string;
  readonly plays: readonly ManifestKind[];
  /** Absent where it is not installed. */
  readonly version?: string;
}

/** Folders of packages that players are looked for in: of the current folder, then where prpack finds its own packages. */
export function packageFolders(directory: string): string[] {
  const own = createRequire(packageFile('package.json')).resolve.paths(KNOWN_PLAYERS[0]!.name) ?? [];
  return [join(directory, 'node_modules'), ...own];
}

/** Every player that the page knows, with its version where it is installed. */
export function findPlayers(folders: readonly string[]): Promise<FoundPlayer[]> {
  return Promise.all(
    KNOWN_PLAYERS.map(async ({ name, plays }) => {
      const version = (await findPlayer(folders, name))?.version;
      return { name, plays, ...(version !== undefined && { version }) };
    }),
  );
}

/**
 * The script of a player, from the first folder that has the package.
 * @returns undefined where it is not installed
 */
export async function findPlayer(
  folders: readonly string[],
  name: string,
): Promise<{ readonly script: string; readonly version: string } | undefined> {
  const known = KNOWN_PLAYERS.find((one) => one.name === name);
  if (!known) return undefined;
  for (const folder of folders) {
    try {
      const { version } = JSON.parse(await readFile(join(folder, name, 'package.json'), 'utf8'));
      return { script: await readFile(join(folder, name, known.script), 'utf8'), version: `${version}` };
    } catch {
      // not here
    }
  }
  return undefined;
}
