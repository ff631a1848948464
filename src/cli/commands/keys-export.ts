import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { KeyRecord, KeyStore, KeyWriter } from '../../index.js';
import { addKeyFilterOptions, type KeyFilterFlags, keyFilter } from '../options/key-filter.js';
import { addKeysOptions, allOf, type KeyStoreFlags, pagesOf, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { addKeySeedOption, type KeySeedFlags, openKeys } from '../options/registered-key.js';
import { nonEmpty, oneOf, repeatable } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { count, printable } from '../output/units.js';

type Library = typeof import('../../index.js');

interface KeysExportFlags extends KeyFilterFlags, KeySeedFlags, KeyStoreFlags, OutputFlags {
  readonly format: 'json' | 'cpix';
  readonly recipient?: readonly string[];
}

const EXAMPLES = `
Examples:
  prpack keys export keys.json --content-id film-7
  prpack keys export keys.cpix --format cpix --content-id film-7 --recipient partner.pem`;

/** `prpack keys export <file>` */
export function configureKeysExport(command: Command): void {
  command
    .description('Writes keys to a new file that only you can read. The audit notes every key.')
    .argument('<file>', 'file to make; an existing one is never replaced');
  addKeyFilterOptions(command);
  command.optionsGroup('Form:');
  command.option(
    '--format <format>',
    'json: a key file for --key-file and keys import, with the whole records; cpix: a CPIX document of one content, which cannot say which keys are revoked: those are left out unless --state revoked asks for them',
    oneOf('--format', ['json', 'cpix']),
    'json',
  );
  command.option(
    '--recipient <pem>',
    'encrypt the keys of a CPIX document to this RSA certificate; may be repeated',
    repeatable(nonEmpty('--recipient')),
  );
  addKeySeedOption(command, 'keys that are derived from one');
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysExportAction);
}

async function keysExportAction(path: string, flags: KeysExportFlags): Promise<void> {
  const library = await import('../../index.js');
  const writer = await writerOf(flags, library);
  await withKeyStore(flags, library, async (store) => {
    const records = await recordsToExport(store, flags);
    await library.exportKeys(path, await openKeys(store, records, flags, library), writer);
    const kids = records.map(({ kid }) => kid);
    if (flags.json) return writeResult(formatJson({ path, format: flags.format, keys: kids }));
    return writeMessage(`Wrote ${count(kids.length, 'key')} to ${printable(path)}, readable by you alone.`);
  });
}

async function writerOf({ format, recipient = [] }: KeysExportFlags, library: Library): Promise<KeyWriter> {
  if (format === 'cpix') {
    return library.cpixWriter(await Promise.all(recipient.map(library.readCpixCertificate)));
  }
  if (recipient.length === 0) return library.keyFileWriter;
  throw new PrpackError('INVALID_ARGUMENT', '--recipient has no effect on a JSON key file', {
    remedy: 'Add --format cpix: its keys can be encrypted.',
  });
}

async function recordsToExport(store: KeyStore, flags: KeysExportFlags): Promise<KeyRecord[]> {
  const found = await allOf(pagesOf((page) => store.list(keyFilter(flags), page)));
  const isForAll = flags.state !== undefined || flags.format === 'json';
  const records = isForAll ? found : found.filter(({ state }) => state !== 'revoked');
  if (records.length > 0) return records;
  throw new PrpackError('KEY_REQUIRED', `no such key in the key store ${store.location}`, {
    remedy: 'List what is there with `prpack keys list`, or name the key store that holds the keys.',
  });
}
