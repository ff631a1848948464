import { basename, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { PrpackError } from '../../errors.js';
import { Problem } from '../problem.js';
import { fileOfFolder } from './folder-files.js';
import { findPlayer, findPlayers, packageFolders } from './installed-players.js';
import { type DescribePssh, findManifests } from './manifests.js';
import { sendMedia } from './media.js';
import { type PageOptions, type Player, servePage } from './page-server.js';

export interface PresentationOptions extends PageOptions {
  /** Folder with a manifest. */
  readonly folder: string;
  /** What `pssh` boxes of manifests say. */
  readonly describe: DescribePssh;
  /** Where players are looked for. Default: `node_modules` of the current folder, and where prpack finds its own packages. */
  readonly packages?: readonly string[];
}

/** A page, and the players that are installed for it. */
export interface PresentationPlayer extends Player {
  readonly players: readonly string[];
}

/**
 * Serves a page that plays a presentation with players of others, to this machine alone. Files of the presentation are at `/media/`, and
 * looked up for each request, so that the page may be loaded again after the title was packaged again.
 * @throws PrpackError INPUT_NOT_FOUND for a folder without a manifest; INVALID_ARGUMENT when it cannot listen
 */
export async function startPresentation(options: PresentationOptions): Promise<PresentationPlayer> {
  const { folder, describe, packages = packageFolders(process.cwd()) } = options;
  if ((await findManifests(folder, describe)).length === 0) throw noManifest(folder);
  const page = {
    html: 'presentation.html',
    files: ['presentation.js', 'players.js', 'observe.js', 'shared.js', 'style.css'],
    addRoutes: (app: FastifyInstance) => addRoutes(app, { ...options, packages }),
  };
  const installed = (await findPlayers(packages)).filter(({ version }) => version !== undefined);
  return { ...(await servePage(page, options)), players: installed.map(({ name }) => name) };
}

function addRoutes(
  app: FastifyInstance,
  { folder, describe, keysFrom, packages }: PresentationOptions & { readonly packages: readonly string[] },
): void {
  app.get('/data.json', async () => ({
    name: basename(resolve(folder)),
    manifests: await findManifests(folder, describe),
    players: await findPlayers(packages),
    keysFrom,
  }));
  app.get<{ Params: { '*': string } }>('/media/*', async (request, reply) => {
    const file = await fileOfFolder(folder, request.params['*']);
    if (!file) throw new Problem(404, 'NOT_FOUND', 'the presentation has no such file');
    return sendMedia(request, reply, file);
  });
  app.get<{ Params: { name: string } }>('/players/:name', async ({ params: { name } }, reply) => {
    const player = await findPlayer(packages, name);
    if (!player) throw new Problem(404, 'NOT_FOUND', 'there is no such player');
    return reply
      .type('text/javascript; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(player.script);
  });
}

function noManifest(folder: string): PrpackError {
  return new PrpackError('INPUT_NOT_FOUND', `${folder} has no manifest`, {
    path: folder,
    expected: 'a folder that prpack package has made, with manifest.mpd or main.m3u8',
    remedy: 'Name the folder of a presentation, or one fragmented MP4 file.',
  });
}
