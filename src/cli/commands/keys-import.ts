import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { ImportedKey } from '../../index.js';
import { addKeysOptions, type KeyStoreFlags, withKeyStore } from '../options/key-store.js';
import type { OutputFlags } from '../options/output.js';
import { nonEmpty } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { formatKeyTable } from '../output/keys-text.js';
import { writeMessage, writeResult } from '../output/streams.js';
import { styleOf } from '../output/style.js';
import { joinLines } from '../output/text.js';
import { count } from '../output/units.js';

type Library = typeof import('../../index.js');

interface KeysImportFlags extends KeyStoreFlags, OutputFlags {
  readonly contentId?: string;
  readonly cpixPrivateKey?: string;
}

const EXAMPLES = `
Examples:
  prpack keys import keys.json --content-id film-7
  prpack keys import keys.cpix --cpix-private-key private.pem`;

/** `prpack keys import <file>` */
export function configureKeysImport(command: Command): void {
  command
    .description(
      'Registers the keys of a file, all of them or none. What is registered already stays as it is. States and published files of an exported key file are restored.',
    )
    .argument('<file>', 'JSON key file, or CPIX document');
  command.optionsGroup('Keys:');
  command.option(
    '--content-id <text>',
    'content of the keys for which the file names none',
    nonEmpty('--content-id'),
  );
  command.option(
    '--cpix-private-key <pem>',
    'RSA private key of the recipient of an encrypted CPIX document',
    nonEmpty('--cpix-private-key'),
  );
  addKeysOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(keysImportAction);
}

async function keysImportAction(path: string, flags: KeysImportFlags): Promise<void> {
  const library = await import('../../index.js');
  const text = await readKeys(path);
  const read = text.trimStart().startsWith('<') ? readCpixKeys : readJsonKeys;
  const keys = await read(text, path, flags, library);
  await withKeyStore(flags, library, async (store) => {
    const { created, unchanged, records } = await library.importKeys(store, keys);
    if (flags.json) return writeResult(formatJson({ created, unchanged, keys: records }));
    const title = `Registered ${count(created, 'key')} in ${store.location}; ${unchanged} were there already.`;
    return writeMessage(joinLines([title, ...formatKeyTable(records, styleOf(process.stderr))]));
  });
}

async function readKeys(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `the file of keys cannot be read: ${path} (${code})`,
      { path, remedy: 'Check that the file exists and that this user may read it.' },
      error,
    );
  }
}

async function readJsonKeys(
  text: string,
  path: string,
  flags: KeysImportFlags,
  library: Library,
): Promise<ImportedKey[]> {
  return library.parseKeyFile(text, path).entries.map((entry) => {
    // The store makes its own.
    const { trackId, checksum, kekId, policyVersion, createdAt, updatedAt, ...kept } = entry;
    const contentId = kept.contentId ?? namedContent(flags, path);
    return { algorithm: 'AESCTR', source: 'file', ...kept, contentId };
  });
}

async function readCpixKeys(
  text: string,
  path: string,
  flags: KeysImportFlags,
  library: Library,
): Promise<ImportedKey[]> {
  const { cpixPrivateKey } = flags;
  const document = library.readCpix(
    text,
    cpixPrivateKey === undefined ? {} : { privateKey: await library.readCpixPrivateKey(cpixPrivateKey) },
  );
  const keys = document.contentKeys.flatMap((entry) => (entry.key ? [{ ...entry, key: entry.key }] : []));
  if (keys.length === 0) throw noKeys(path);
  const indexOf = new Map(document.keyPeriods.map(({ id, index }) => [id, index]));
  return keys.map(({ kid, key, commonEncryptionScheme }) => {
    const rules = document.usageRules.filter((rule) => rule.kid === kid);
    const labels = new Set(rules.flatMap(({ intendedTrackType }) => intendedTrackType ?? []));
    const periods = new Set(
      rules.flatMap(({ keyPeriodFilters }) => keyPeriodFilters.flatMap((id) => indexOf.get(id) ?? [])),
    );
    return {
      kid,
      key,
      algorithm: commonEncryptionScheme?.startsWith('cbc') ? 'AESCBC' : 'AESCTR',
      source: 'cpix',
      contentId: document.contentId ?? document.id ?? namedContent(flags, path),
      ...(labels.size === 1 && { label: [...labels][0]! }),
      ...(periods.size === 1 && { period: [...periods][0]! }),
    };
  });
}

function namedContent({ contentId }: KeysImportFlags, path: string): string {
  if (contentId !== undefined) return contentId;
  throw new PrpackError('INVALID_ARGUMENT', `${path} does not say for which content its keys are`, {
    path,
    remedy: 'Give --content-id: the keys are registered and found again for it.',
  });
}

function noKeys(path: string): PrpackError {
  return new PrpackError('KEY_REQUIRED', `${path}: the CPIX document holds no key`, {
    path,
    remedy: 'It only asks for keys: send it to the key server, and import the answer.',
  });
}
