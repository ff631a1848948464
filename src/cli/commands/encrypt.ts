import type { Command } from 'commander';
import type { EncryptOptions, EncryptResult, EncryptStreamOptions, KeyStore } from '../../index.js';
import { type JobContext, runJob } from '../job.js';
import { mediaInput, mediaOutput } from '../media-streams.js';
import { addOptions } from '../options/add.js';
import { withDecryptKeys } from '../options/decrypt-keys.js';
import {
  addDecryptKeysOption,
  addEncryptionKeyOptions,
  addKeyPerOption,
  assertNoIdleOptions,
  type EncryptFlags,
  encryptOptions,
  keyWarnings,
} from '../options/encryption.js';
import { addKeyStoreOptions } from '../options/key-store.js';
import { selectKeys } from '../options/keys.js';
import { addMediaOptions } from '../options/media.js';
import { addJobOutputOptions } from '../options/output.js';
import { addPlayReadyOptions } from '../options/playready.js';
import { addPolicyOption } from '../options/policy.js';
import { addConfigOption } from '../options/settings.js';
import { addSystemOptions } from '../options/systems.js';
import { withKeys } from '../options/with-keys.js';
import { formatEncryptResult } from '../output/text.js';

const EXAMPLES = `
Examples:
  prpack encrypt in.mp4 out.mp4 --playready-test
  prpack encrypt in.mp4 out.mp4 --content-id film-7 --la-url https://drm.example.com/rightsmanager.asmx
  prpack encrypt in.mp4 out.mp4 --key-file keys.json --track video --layout keep --json
  prpack encrypt in.mp4 out.mp4 --key-per resolution --policy rental
  prpack encrypt in.mp4 out.mp4 --key-seed-file seed.txt --systems playready,widevine
  prpack encrypt in.mp4 out.mp4 --no-register --keys-out keys.json
  prpack encrypt cenc.mp4 cbcs.mp4 --decrypt-keys store --scheme cbcs
  prpack encrypt https://media.example.com/in.mp4 out.mp4
  prpack encrypt s3://media/in.mp4 s3://out/film.mp4        # see docs/s3.md
  ffmpeg -i … -movflags frag_keyframe+empty_moov+default_base_moof -f mp4 - | prpack encrypt - - --content-id live-7 > out.mp4`;

/** `prpack encrypt <input> <output>` */
export function configureEncrypt(command: Command): void {
  command
    .description('Encrypts the audio and video of an MP4 file (MPEG Common Encryption) and adds DRM headers.')
    .argument(
      '<input>',
      'MP4, M4A, M4V, CMAF or MOV file, its http(s) or s3 URL, or - for fragmented MP4 on stdin',
    )
    .argument('<output>', 'file or s3 object to make, which appears whole or not at all; or - for stdout');
  addMediaOptions(command);
  addEncryptionKeyOptions(command);
  addDecryptKeysOption(command);
  addContentOptions(command);
  addSystemOptions(command);
  addPlayReadyOptions(command);
  addJobOutputOptions(command);
  addOptions(command, ['sha256', 'dryRun']);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(encryptAction);
}

function addContentOptions(command: Command): void {
  command.optionsGroup('Registration (before the output appears, its keys are in a key store):');
  addOptions(command, ['contentId']);
  addKeyPerOption(command, 'all tracks');
  addPolicyOption(command);
  addKeyStoreOptions(command);
  addOptions(command, ['register', 'keysOut']);
}

async function encryptAction(
  input: string,
  output: string,
  flags: EncryptFlags,
  command: Command,
): Promise<void> {
  const media = { output: mediaOutput(output), input: mediaInput(input) };
  assertNoIdleOptions(flags, command);
  await runJob(
    flags,
    (context) => encryptJob(media, flags, context),
    (result, style) => formatEncryptResult(result, style, flags),
  );
}

async function encryptJob(
  media: Pick<EncryptStreamOptions, 'input' | 'output'>,
  flags: EncryptFlags,
  context: JobContext,
): Promise<EncryptResult> {
  const library = await import('../../core.js');
  return withKeys(flags, library, context.signal, (store, client) =>
    withDecryptKeys({ flags, library, store, signal: context.signal }, async ({ lookup, warnings }) => {
      const named = await selectKeys(flags, process.env, library, store, client);
      const result = await library.encryptStream({
        ...media,
        ...(named && { keys: named.forContent ?? named.source }),
        ...registration(flags, store),
        ...(await encryptOptions(flags, library)),
        ...(lookup && { decryptKeys: lookup }),
        ...context,
      });
      return { ...result, warnings: [...keyWarnings(flags, named), ...warnings, ...result.warnings] };
    }),
  );
}

/** Keys are registered unless the user says that somebody else does it. */
function registration({ register }: EncryptFlags, keyStore: KeyStore): Partial<EncryptOptions> {
  return register ? { keyStore } : {};
}
