import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { KeyStore } from '../../index.js';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { joinLines } from '../output/text.js';
import { count, printable } from '../output/units.js';

type Library = typeof import('../../index.js');

interface KeysRewrapFlags extends KeyStoreFlags, OutputFlags {}

const EXAMPLES = `
Examples:
  prpack keys rewrap
  prpack keys rewrap --kek-file /etc/prpack/kek`;

/** `prpack keys rewrap` */
export function configureKeysRewrap(command: Command): void {
  command.description(
    'Makes a new key-encryption key (KEK), wraps every key under it, and puts it in the place of the old one, which stays next to it for other key stores and old backups. May be stopped at any point and run again.',
  );
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysRewrapAction);
}

async function keysRewrapAction(flags: KeysRewrapFlags): Promise<void> {
  const library = await import('../../index.js');
  const kekFile = kekFileOf(flags, library);
  await withKeyStore(flags, library, async (store) => {
    assertEmbedded(store);
    let kekId = '';
    const keys = await library.rotateKekFile(kekFile, (next) => {
      kekId = next.id;
      return store.rewrap(next);
    });
    if (flags.json) return writeResult(formatJson({ keys, kekId, kekFile }));
    const lines = [
      `Wrapped ${count(keys, 'key')} again. The key-encryption key in ${printable(kekFile)} now has the id ${kekId}.`,
      'The old one is kept next to it for other key stores and old backups: keep both as safe as the keys.',
    ];
    return writeMessage(joinLines(lines));
  });
}

/** @throws PrpackError INVALID_ARGUMENT for the store of a key server, which has a KEK of its own */
function assertEmbedded({ location }: KeyStore): void {
  if (location.startsWith('sqlite:')) return;
  throw new PrpackError('INVALID_ARGUMENT', `the key-encryption key of ${location} is not here`, {
    remedy: 'Run `prpack keys rewrap` on the machine of the key server, with the key store that it serves.',
  });
}

/** A KEK in the environment is in the hands of those who set it. */
function kekFileOf({ kekFile }: KeysRewrapFlags, library: Library): string {
  if (kekFile !== undefined) return kekFile;
  if (!process.env[library.KEK_VARIABLE]) return library.defaultKekPath(process.env);
  throw new PrpackError(
    'INVALID_ARGUMENT',
    `the KEK is in ${library.KEK_VARIABLE}, where prpack cannot replace it`,
    {
      remedy: `Write it into a file of mode 0600, unset ${library.KEK_VARIABLE}, and give the file with --kek-file.`,
    },
  );
}
