import { dirname } from 'node:path';
import type { Command } from 'commander';
import { kindOfPath } from '../../bytes/files.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { PrpackError } from '../../errors.js';
import type { KeyLookup, KeyStore } from '../../index.js';
import type { PageOptions, Player } from '../../server/player/page-server.js';
import { interruptible } from '../interrupt.js';
import { addTlsOptions } from '../options/key-server.js';
import { addKeyStoreOptions, type KeyStoreFlags } from '../options/key-store.js';
import { addKeyOptions, type KeyFlags, selectLookup } from '../options/keys.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addConfigOption } from '../options/settings.js';
import { integer } from '../options/values.js';
import { withKeys } from '../options/with-keys.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { printable } from '../output/units.js';
import { abortOf } from '../wait.js';

interface PlayFlags extends KeyFlags, KeyStoreFlags, OutputFlags {
  readonly port: number;
}

const EXAMPLES = `
Examples:
  prpack play out.mp4                             # with registered keys, then open the address that is printed
  prpack play out.mp4 --key-file keys.json --port 8080
  prpack play out/film                            # a presentation of prpack package, with shaka-player, dash.js or hls.js`;

/** `prpack play <path>` */
export function configurePlay(command: Command): void {
  command
    .description(
      'Serves a page that plays a file or a presentation in a browser of this machine, and shows what its DRM does.',
    )
    .argument('<path>', 'fragmented MP4 file, or the folder of a presentation, encrypted or clear');
  command.option(
    '--port <port>',
    'port of the page; 0 takes one that is free',
    integer('--port', 0, 65535, 'a port'),
    0,
  );
  addKeyOptions(command, 'KID of --key', "play with keys of Microsoft's public test server");
  addTlsOptions(command);
  addKeyStoreOptions(command);
  addJsonOption(command);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(playAction);
}

type Library = typeof import('../../index.js');

/** What is played, and with which keys. */
interface Played {
  readonly path: string;
  readonly library: Library;
  readonly signal: AbortSignal;
  /** For the checksums of PlayReady headers. */
  readonly keys: KeyLookup;
  /** What every page is made of. */
  readonly page: PageOptions;
}

async function playAction(path: string, flags: PlayFlags): Promise<void> {
  assertPlayable(path);
  const library = await import('../../index.js');
  await interruptible((signal) =>
    withKeys(flags, library, signal, async (store, client) => {
      const named = await selectLookup(flags, process.env, library, client);
      const keys = named?.source ?? library.storedKeyLookup(store);
      for (const warning of named?.warnings ?? []) writeMessage(warning);
      const page = await pageOptions(named ? { lookup: named.source } : { store }, flags);
      const start = kindOfPath(path) === 'folder' ? playPresentation : playFile;
      await serveUntilStopped(await start({ path, library, signal, keys, page }), path, flags, signal);
    }),
  );
}

async function pageOptions(
  from: { readonly lookup: KeyLookup } | { readonly store: KeyStore },
  { port }: PlayFlags,
): Promise<PageOptions> {
  const { lookupLicensor, storeLicensor } = await import('../../server/clear-key/license.js');
  return 'store' in from
    ? { port, licensor: storeLicensor(from.store), keysFrom: from.store.location }
    : { port, licensor: lookupLicensor(from.lookup), keysFrom: 'the keys that were given' };
}

async function playFile({ path, library, signal, keys, page }: Played): Promise<Player> {
  const file = await library.inspect({ input: path, signal, keys });
  const { startPlayer } = await import('../../server/player/start.js');
  return startPlayer({ file, ...page });
}

async function playPresentation({ path, library, keys, page }: Played): Promise<Player> {
  const { startPresentation } = await import('../../server/player/start-presentation.js');
  const describe = (input: Uint8Array) => library.parsePssh({ input, keys });
  const player = await startPresentation({ folder: path, describe, ...page });
  if (player.players.length === 0) writeMessage(NO_PLAYERS);
  return player;
}

const NO_PLAYERS =
  'No player is installed for the page: run `npm install shaka-player` in this folder (or dashjs, or hls.js), then load the page again.';

/** The page is served until the signal is given. */
async function serveUntilStopped(
  player: Player,
  path: string,
  { json }: PlayFlags,
  signal: AbortSignal,
): Promise<void> {
  try {
    const url = styleOf(process.stderr).bold(player.url);
    if (json) await writeResult(formatJson({ url: player.url, path }));
    else writeMessage(`Playing ${printable(path)} at ${url}\nOpen it in a browser; stop with Ctrl-C.`);
    await abortOf(signal);
  } finally {
    await player.close();
  }
}

function assertPlayable(path: string): void {
  if (/^https?:/i.test(path) || isS3Url(path)) {
    throw new PrpackError('INVALID_ARGUMENT', 'the page plays files on a disk of this machine, not URLs', {
      remedy: 'Download the file, and give its name.',
    });
  }
  if (/\.(?:mpd|m3u8)$/i.test(path) && kindOfPath(path) === 'file') {
    throw new PrpackError('INVALID_ARGUMENT', 'the page plays presentations by their folder', {
      path,
      remedy: `Run prpack play ${printable(dirname(path))}; the page lets you choose the manifest.`,
    });
  }
}
