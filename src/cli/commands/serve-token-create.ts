import { unlink } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Scope } from '../../server/access/scopes.js';
import type { TokenGrant } from '../../server/access/token.js';
import type { Tokens } from '../../server/access/tokens.js';
import { invalidValue } from '../../settings/check.js';
import { addJsonOption, type OutputFlags } from '../options/output.js';
import { addServerStoreOptions, type ServerStoreFlags, withTokens } from '../options/server-store.js';
import { addConfigOption } from '../options/settings.js';
import { nonEmpty, once, oneOf, type ParseValue, repeatable } from '../options/values.js';
import { formatJson } from '../output/json.js';
import { writeMessage, writeResult } from '../output/streams.js';

interface CreateFlags extends ServerStoreFlags, OutputFlags {
  readonly name: string;
  readonly scope: readonly Scope[];
  readonly contentPrefix?: string;
  /** Milliseconds. */
  readonly expires?: number;
  readonly out?: string;
}

const EXAMPLES = `
Scopes:
  register   register keys and note published files (packagers)
  read-keys  get keys out (license servers; packagers that encrypt a content again)
  admin      revoke keys, replace policies, add to the keys of a content, and read the audit

Examples:
  prpack serve token create --name packager --scope register --scope read-keys --out packager.token
  prpack serve token create --name studio --scope register --content-prefix studio/ --expires 90d
  prpack serve token create --name license-server --scope read-keys --json`;

const UNITS_MS = { h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const;
const MAX_LIFETIME_MS = 100 * 365 * UNITS_MS.d;

const lifetime: ParseValue<number> = (text) => {
  const [, number, unit] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const ms = Number(number) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (ms > 0 && ms <= MAX_LIFETIME_MS) return ms;
  throw invalidValue('--expires', text, { allowed: 'hours, days or weeks from now, such as 12h, 90d or 4w' });
};

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
  command.option(
    '--content-prefix <prefix>',
    'contents that it opens: those whose ids begin so, such as studio/ (default: all)',
    once('--content-prefix', nonEmpty('--content-prefix')),
  );
  command.option(
    '--expires <time>',
    'when it ends, counted from now, such as 12h, 90d or 4w (default: never)',
    once('--expires', lifetime),
  );
  command.option(
    '--out <file>',
    'write it to this new file, for its owner alone, and not to stdout',
    once('--out', nonEmpty('--out')),
  );
  addServerStoreOptions(command);
  addJsonOption(command);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(createAction);
}

async function createAction(flags: CreateFlags): Promise<void> {
  const { name, scope, contentPrefix, expires, out } = flags;
  const grant = {
    name,
    scopes: [...new Set(scope)],
    ...(contentPrefix !== undefined && { contentPrefix }),
    ...(expires !== undefined && { lifetimeMs: expires }),
  };
  const { token, record } = await withTokens(flags, (tokens) => createIn(tokens, grant, out));
  const { sha256: _, ...shown } = record;
  const where = out === undefined ? { token } : { path: out };
  if (flags.json) return writeResult(formatJson({ ...shown, ...where }));
  if (out === undefined) await writeResult(`${token}\n`);
  const kept = out === undefined ? 'Keep it: it is not shown again.' : `It is in ${out}.`;
  const end = record.expiresAt === undefined ? '' : ` It ends at ${record.expiresAt}.`;
  writeMessage(`${kept} Its id is ${record.id}.${end}`);
}

/** The file is made before the token is good, and goes when the token does not come to be. */
async function createIn(tokens: Tokens, grant: TokenGrant, out: string | undefined) {
  if (out === undefined) return tokens.create(grant);
  const { writeTokenFile } = await import('../../server/access/token-file.js');
  let isWritten = false;
  try {
    return await tokens.create(grant, async (token) => {
      await writeTokenFile(out, token);
      isWritten = true;
    });
  } catch (error) {
    if (isWritten) await unlink(out).catch(() => {});
    throw error;
  }
}
