import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { DecryptResult } from '../../index.js';
import { type JobContext, runJob } from '../job.js';
import { addKeyOptions, type KeyFlags, selectLookup } from '../options/keys.js';
import { addJobOutputOptions, type OutputFlags } from '../options/output.js';
import { formatDecryptResult } from '../output/text.js';

interface DecryptFlags extends KeyFlags, OutputFlags {
  readonly force?: true;
}

const EXAMPLES = `
Examples:
  prpack decrypt out.mp4 clear.mp4 --key-file keys.json
  PRPACK_KID=… PRPACK_KEY=… prpack decrypt out.mp4 clear.mp4
  prpack decrypt out.mp4 clear.mp4 --playready-test`;

/** `prpack decrypt <input> <output>` */
export function configureDecrypt(command: Command): void {
  command
    .description('Decrypts a file again, for checks and rescue.')
    .argument('<input>', 'encrypted MP4 file, of prpack or of another packager')
    .argument('<output>', 'file to make; it appears whole or not at all');
  addKeyOptions(command, 'KID of --key', "keys of Microsoft's public test server");
  addJobOutputOptions(command);
  command.addHelpText('after', EXAMPLES);
  command.action(decryptAction);
}

async function decryptAction(input: string, output: string, flags: DecryptFlags): Promise<void> {
  await runJob(flags, (context) => decryptJob(input, output, flags, context), formatDecryptResult);
}

async function decryptJob(
  input: string,
  output: string,
  flags: DecryptFlags,
  context: JobContext,
): Promise<DecryptResult> {
  const library = await import('../../index.js');
  const keys = await selectLookup(flags, process.env, library);
  if (!keys) throw noKeys();
  const force = flags.force === true;
  const result = await library.decrypt({ input, output, keys: keys.source, force, ...context });
  return { ...result, warnings: [...keys.warnings, ...result.warnings] };
}

function noKeys(): PrpackError {
  return new PrpackError('KEY_REQUIRED', 'decryption needs keys, and no key source is given', {
    remedy:
      'Name one with --key-file, --key-seed-file or --playready-test, or set PRPACK_KID and PRPACK_KEY.',
  });
}
