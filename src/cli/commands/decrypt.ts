import type { Command } from 'commander';
import { assertMediaName } from '../../bytes/media-name.js';
import type { DecryptResult } from '../../index.js';
import { type JobContext, runJob } from '../job.js';
import { addTlsOptions } from '../options/key-server.js';
import { addKeyStoreOptions, type KeyStoreFlags } from '../options/key-store.js';
import { addKeyOptions, type KeyFlags, selectLookup } from '../options/keys.js';
import { addJobOutputOptions, type OutputFlags } from '../options/output.js';
import { addConfigOption } from '../options/settings.js';
import { withKeys } from '../options/with-keys.js';
import { formatDecryptResult } from '../output/text.js';

interface DecryptFlags extends KeyFlags, KeyStoreFlags, OutputFlags {
  readonly force?: true;
}

const EXAMPLES = `
Examples:
  prpack decrypt out.mp4 clear.mp4                # with the registered keys
  prpack decrypt out.mp4 clear.mp4 --key-file keys.json
  PRPACK_KID=… PRPACK_KEY=… prpack decrypt out.mp4 clear.mp4
  prpack decrypt out.mp4 clear.mp4 --playready-test`;

/** `prpack decrypt <input> <output>` */
export function configureDecrypt(command: Command): void {
  command
    .description('Decrypts a file again, for checks and rescue.')
    .argument('<input>', 'encrypted MP4 file, of prpack or of another packager, or its http(s) or s3 URL')
    .argument('<output>', 'file or s3 object to make; it appears whole or not at all');
  addKeyOptions(command, 'KID of --key', "keys of Microsoft's public test server");
  addTlsOptions(command);
  addKeyStoreOptions(command);
  addJobOutputOptions(command);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(decryptAction);
}

async function decryptAction(input: string, output: string, flags: DecryptFlags): Promise<void> {
  assertMediaName(output);
  await runJob(flags, (context) => decryptJob(input, output, flags, context), formatDecryptResult);
}

async function decryptJob(
  input: string,
  output: string,
  flags: DecryptFlags,
  context: JobContext,
): Promise<DecryptResult> {
  const library = await import('../../index.js');
  return withKeys(flags, library, context.signal, async (store, client) => {
    const named = await selectLookup(flags, process.env, library, client);
    const keys = named?.source ?? library.storedKeyLookup(store);
    const result = await library.decrypt({ input, output, keys, force: flags.force === true, ...context });
    return { ...result, warnings: [...(named?.warnings ?? []), ...result.warnings] };
  });
}
