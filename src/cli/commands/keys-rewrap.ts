import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { KeyStore } from '../../index.js';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { once, oneOf } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { joinLines } from '../output/text.js';
import { count, printable } from '../output/units.js';

type Library = typeof import('../../index.js');

interface KeysRewrapFlags extends KeyStoreFlags, OutputFlags {
  readonly to?: Destination;
}

/** Who keeps the new KEK. */
type Destination = 'file' | 'command';

const EXAMPLES = `
Examples:
  prpack keys rewrap
  prpack keys rewrap --kek-file /etc/prpack/kek
  prpack keys rewrap --kek-command /usr/local/bin/kek-aws-kms
  prpack keys rewrap --kek-command /usr/local/bin/kek-aws-kms --to file --kek-file /etc/prpack/kek`;

/** `prpack keys rewrap` */
export function configureKeysRewrap(command: Command): void {
  command.description(
    'Makes a new key-encryption key (KEK), wraps every key under it, and puts it in the place of the old one, which is kept for other key stores and old backups. May be stopped at any point and run again.',
  );
  command.option(
    '--to <place>',
    'where the new KEK is kept: file, or command: in the key store, wrapped by --kek-command (default: command where that is given)',
    once('--to', oneOf('--to', ['file', 'command'])),
  );
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysRewrapAction);
}

async function keysRewrapAction(flags: KeysRewrapFlags): Promise<void> {
  const library = await import('../../index.js');
  const rewrap = REWRAPS[destinationOf(flags)];
  await withKeyStore(flags, library, async (store) => {
    assertOwnKek(store);
    const { text, ...report } = await rewrap(store, flags, library);
    return flags.json ? writeResult(formatJson(report)) : writeMessage(joinLines(text));
  });
}

/** What is reported of a rewrap. */
interface Rewrapped {
  readonly keys: number;
  readonly kekId: string;
  readonly kekFile?: string;
  readonly kekCommand?: string;
  readonly text: readonly string[];
}

type Rewrap = (store: KeyStore, flags: KeysRewrapFlags, library: Library) => Promise<Rewrapped>;

const REWRAPS: Readonly<Record<Destination, Rewrap>> = {
  async file(store, flags, library) {
    const kekFile = kekFileOf(flags, library);
    const put = flags.kekCommand === undefined ? library.rotateKekFile : library.moveKekToFile;
    let kekId = '';
    const keys = await put(kekFile, (next) => {
      kekId = next.id;
      return store.rewrap(next);
    });
    const text = [
      `Wrapped ${count(keys, 'key')} again. The key-encryption key in ${printable(kekFile)} now has the id ${kekId}.`,
      flags.kekCommand === undefined
        ? 'The old one is kept next to it for other key stores and old backups: keep both as safe as the keys.'
        : 'Keep it as safe as the keys, and apart from backups of the key store.',
    ];
    return { keys, kekId, kekFile, text };
  },
  async command(store, { kekCommand }, library) {
    const next = await library.createKekByCommand(kekCommand!, process.env);
    const keys = await store.rewrap(next);
    const text = [
      `Wrapped ${count(keys, 'key')} again. The key-encryption key now has the id ${next.id}; the key store keeps it, wrapped by ${printable(kekCommand!)}.`,
    ];
    return { keys, kekId: next.id, kekCommand: kekCommand!, text };
  },
};

/** @throws PrpackError INVALID_ARGUMENT */
function destinationOf({ to, kekCommand }: KeysRewrapFlags): Destination {
  if (to !== 'command') return to ?? (kekCommand === undefined ? 'file' : 'command');
  if (kekCommand !== undefined) return to;
  throw new PrpackError('INVALID_ARGUMENT', '--to command has no effect without --kek-command', {
    remedy: 'Name the program that wraps the new key-encryption key with --kek-command.',
  });
}

/** @throws PrpackError INVALID_ARGUMENT for the store of a server, which has a KEK of its own */
function assertOwnKek({ location }: KeyStore): void {
  if (/^(?:sqlite|postgres|postgresql):/.test(location)) return;
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
