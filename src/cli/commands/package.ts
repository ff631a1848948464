import type { Command } from 'commander';
import type { PackageOptions, PackageResult } from '../../index.js';
import { type JobContext, runJob } from '../job.js';
import { addOptions } from '../options/add.js';
import {
  addEncryptionKeyOptions,
  addKeyPerOption,
  assertNoIdleOptions,
  type EncryptFlags,
  keyWarnings,
  optionsFor,
} from '../options/encryption.js';
import { addKeyStoreOptions } from '../options/key-store.js';
import { selectKeys } from '../options/keys.js';
import { addJobOutputOptions } from '../options/output.js';
import { addPlayReadyOptions } from '../options/playready.js';
import { addPolicyOption } from '../options/policy.js';
import { addConfigOption } from '../options/settings.js';
import { nonEmpty } from '../options/values.js';
import { withKeys } from '../options/with-keys.js';
import { formatPackageResult } from '../output/package-text.js';

const WIDEVINE_OPTIONS = ['widevineProvider', 'widevinePolicy'] as const;

const EXAMPLES = `
Examples:
  prpack package film-1080.mp4 film-720.mp4 film.de.m4a film.en.vtt --out-dir out/film --la-url https://drm.example.com/rightsmanager.asmx
  prpack package ladder/ --out-dir out/film --scheme cbcs --fairplay-uri skd://drm.example.com/{kid}
  prpack package ladder/ --out-dir out/film --describe 'film.de.m4a:role=dub,name=Deutsch' --dry-run
  prpack package ladder/ --out-dir out/film --thumbnails 'thumbs-%03d.jpg:10x10:5'`;

/** `prpack package <inputs...>` */
export function configurePackage(command: Command): void {
  command
    .description(
      'Packages the renditions, languages and subtitles of a title as encrypted CMAF, for DASH, HLS and Smooth Streaming.',
    )
    .argument(
      '<inputs...>',
      'MP4, M4A, M4V and MOV files, WebVTT, SRT and TTML subtitles, or folders of them',
    );
  command.optionsGroup('Presentation:');
  command.requiredOption(
    '--out-dir <folder>',
    'folder of the presentation, which appears whole or not at all',
    nonEmpty('--out-dir'),
  );
  addOptions(command, [
    'describe',
    'thumbnails',
    'addressing',
    'segmentDurationSeconds',
    'fragmentDurationSeconds',
  ]);
  command.optionsGroup('Protection:');
  addOptions(
    command,
    ['scheme', 'pattern', 'ivSize', 'systems', ...WIDEVINE_OPTIONS, 'fairplayUri', 'smooth'],
    {
      scheme:
        'cenc: AES-CTR, for all PlayReady clients; cbcs: AES-CBC by patterns, for Apple and PlayReady 4 (default: cenc)',
    },
  );
  addEncryptionKeyOptions(command);
  command.optionsGroup('Registration (before the presentation appears, its keys are in a key store):');
  addOptions(command, ['contentId'], {
    contentId: 'what the keys are registered and found again for (default: the name of the folder)',
  });
  addKeyPerOption(command, 'all tracks', 'type');
  addPolicyOption(command);
  addKeyStoreOptions(command);
  addOptions(command, ['register', 'keysOut']);
  addPlayReadyOptions(command);
  addJobOutputOptions(command);
  addOptions(command, ['dryRun']);
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(packageAction);
}

async function packageAction(inputs: string[], flags: EncryptFlags, command: Command): Promise<void> {
  assertNoIdleOptions(flags, command);
  await runJob(
    flags,
    (context) => packageJob(inputs, flags, context),
    (result, style) => formatPackageResult(result, style),
  );
}

async function packageJob(
  inputs: readonly string[],
  flags: EncryptFlags,
  context: JobContext,
): Promise<PackageResult> {
  const library = await import('../../index.js');
  return withKeys(flags, library, context.signal, async (keyStore, client) => {
    const named = await selectKeys(flags, process.env, library, keyStore, client);
    const options = await optionsFor('packageTitle', flags, library);
    const result = await library.packageTitle({
      ...(options as unknown as Omit<PackageOptions, 'inputs'>),
      ...(named && { keys: named.forContent ?? named.source }),
      ...(flags.register && { keyStore }),
      inputs,
      ...context,
    });
    return { ...result, warnings: [...keyWarnings(flags, named), ...result.warnings] };
  });
}
