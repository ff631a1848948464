import { sendMedia } from './media.js';
import { type PageOptions, type Player, servePage } from './page-server.js';
import { type PlayedFile, pageData } from './played-file.js';

export interface PlayerOptions extends PageOptions {
  /** The file, as it was inspected. */
  readonly file: PlayedFile;
}

/**
 * Serves a page that plays one file, to this machine alone.
 * @throws PrpackError INVALID_ARGUMENT when it cannot listen
 */
export function startPlayer(options: PlayerOptions): Promise<Player> {
  const { file, keysFrom } = options;
  const data = pageData(file, keysFrom);
  return servePage(
    {
      html: 'index.html',
      files: ['player.js', 'shared.js', 'style.css'],
      addRoutes: (app) => {
        app.get('/data.json', async () => data);
        app.get('/media', (request, reply) => sendMedia(request, reply, { ...file, type: 'video/mp4' }));
      },
    },
    options,
  );
}
