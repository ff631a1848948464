import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { InspectResult, KeyLookup, KeyStore } from '../../index.js';
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
  prpack play out.mp4 --key-file keys.json --port 8080`;

/** `prpack play <file>` */
export function configurePlay(command: Command): void {
  command
    .description('Serves a page that plays a file in a browser of this machine, and shows what its DRM does.')
    .argument('<file>', 'fragmented MP4 file, encrypted or clear');
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

async function playAction(path: string, flags: PlayFlags): Promise<void> {
  assertNoUrl(path);
  const library = await import('../../index.js');
  await interruptible((signal) =>
    withKeys(flags, library, signal, async (store, client) => {
      const named = await selectLookup(flags, process.env, library, client);
      const keys = named?.source ?? library.storedKeyLookup(store);
      const file = await library.inspect({ input: path, signal, keys });
      for (const warning of named?.warnings ?? []) writeMessage(warning);
      await servePage(file, named ? { lookup: named.source } : { store }, flags, signal);
    }),
  );
}

/** The page is served until the signal is given. */
async function servePage(
  file: InspectResult,
  from: { readonly lookup: KeyLookup } | { readonly store: KeyStore },
  { port, json }: PlayFlags,
  signal: AbortSignal,
): Promise<void> {
  const [{ startPlayer }, { lookupLicensor, storeLicensor }] = await Promise.all([
    import('../../server/player/start.js'),
    import('../../server/clear-key/license.js'),
  ]);
  const keys =
    'store' in from
      ? { licensor: storeLicensor(from.store), keysFrom: from.store.location }
      : { licensor: lookupLicensor(from.lookup), keysFrom: 'the keys that were given' };
  const player = await startPlayer({ file, port, ...keys });
  try {
    const url = styleOf(process.stderr).bold(player.url);
    if (json) await writeResult(formatJson({ url: player.url, path: file.path }));
    else writeMessage(`Playing ${printable(file.path)} at ${url}\nOpen it in a browser; stop with Ctrl-C.`);
    await abortOf(signal);
  } finally {
    await player.close();
  }
}

function assertNoUrl(path: string): void {
  if (!/^https?:/i.test(path)) return;
  throw new PrpackError('INVALID_ARGUMENT', 'the page plays files of this machine, not URLs', {
    remedy: 'Download the file, and give its name.',
  });
}
