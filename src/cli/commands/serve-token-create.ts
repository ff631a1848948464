import type { Command } from 'commander';
import type { Scope } from '../../server/access/scopes.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addServerStoreOptions, type ServerStoreFlags, tokenDirectoryOf } from '../options/server-store.js';
import { addConfigOption } from '../options/settings.js';
import { nonEmpty, once, oneOf, repeatable } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';

interface CreateFlags extends ServerStoreFlags, OutputFlags {
  readonly name: string;
  readonly scope: readonly Scope[];
}

const EXAMPLES = `
Scopes:
  register   register keys and note published files (packagers)
  read-keys  get keys out (license servers; packagers that encrypt a content again)
  admin      revoke keys and read the audit

Examples:
  prpack serve token create --name packager --scope register --scope read-keys > token
  prpack serve token create --name license-server --scope read-keys --json`;

/** `prpack serve token create` */
export function configureServeTokenCreate(command: Command): void {
  command.description(
    'Makes a token and prints it on stdout. It is kept as a hash: this is the only time that it can be seen.',
  );
  command.requiredOption(
    '--name <name>',
    'who is to hold it; stands in the audit',
    once('--name', nonEmpty('--name')),
  );
  command.requiredOption(
    '--scope <scope>',
    'what it opens: register, read-keys or admin; may be repeated',
    repeatable(oneOf('--scope', ['register', 'read-keys', 'admin'])),
  );
  addServerStoreOptions(command);
  addJsonOption(command);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(createAction);
}

async function createAction(flags: CreateFlags): Promise<void> {
  const { TokenStore } = await import('../../server/access/token-store.js');
  const tokens = new TokenStore(await tokenDirectoryOf(flags));
  const { token, record } = await tokens.create(flags.name, [...new Set(flags.scope)]);
  const { sha256: _, ...shown } = record;
  await writeResult(flags.json ? formatJson({ ...shown, token }) : `${token}\n`);
  if (!flags.json) writeMessage(`Keep it: it is not shown again. Its id is ${record.id}.`);
}
