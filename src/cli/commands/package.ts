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
import { assertOutDir, flagsOfTitle, optionsOfTitle, titleOf } from '../options/title.js';
import { withKeys } from '../options/with-keys.js';
import { formatPackageResult } from '../output/package-text.js';

const WIDEVINE_OPTIONS = ['widevineProvider', 'widevinePolicy'] as const;

const EXAMPLES = `
Examples:
  prpack package film-1080.mp4 film-720.mp4 film.de.m4a film.en.vtt --out-dir out/film --la-url https://drm.example.com/rightsmanager.asmx
  prpack package ladder/ --out-dir out/film --scheme cbcs --fairplay-uri skd://drm.example.com/{kid}
  prpack package ladder/ --out-dir out/film --describe 'film.de.m4a:role=dub,name=Deutsch' --dry-run
  prpack package ladder/ --out-dir s3://media/film/    # see docs/s3.md
  prpack package ladder/ --out-dir out/film --thumbnails 'thumbs-%03d.jpg:10x10:5' --cue 600 --cue 1200`;

/** `prpack package <inputs...>` */
export function configurePackage(command: Command): void {
  command
    .description(
      'Packages the renditions, languages and subtitles of a title as encrypted CMAF, for DASH, HLS and Smooth Streaming.',
    )
    .argument(
      '<inputs...>',
      'MP4, M4A, M4V and MOV files, WebVTT, SRT and TTML subtitles, or folders of them; or one title file (.yaml, .json)',
    );
  command.optionsGroup('Presentation:');
  addOptions(command, ['outDir'], {
    outDir:
      'folder or s3 prefix of the presentation, which appears whole or not at all; a title file can name it, too',
  });
  addOptions(command, [
    'describe',
    'text',
    'thumbnails',
    'cues',
    'cue',
    'addressing',
    'trickPlay',
    'segmentDurationSeconds',
    'fragmentDurationSeconds',
  ]);
  command.optionsGroup('Protection:');
  addOptions(
    command,
    ['scheme', 'schemes', 'pattern', 'ivSize', 'systems', ...WIDEVINE_OPTIONS, 'fairplayUri', 'smooth'],
    {
      scheme:
        'cenc: AES-CTR, for all PlayReady clients; cbcs: AES-CBC by patterns, for Apple and PlayReady 4 (default: cenc)',
      systems:
        'protection systems: playready, common, widevine, and with cbcs fairplay (default: playready,common)',
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

interface PackageFlags extends EncryptFlags {
  readonly outDir?: string;
  readonly cue?: readonly number[];
}

async function packageAction(inputs: string[], flags: PackageFlags, command: Command): Promise<void> {
  const library = await import('../../index.js');
  const title = await titleOf(inputs, library);
  const ofTitle = flagsOfTitle(flags, title, command);
  assertOutDir(ofTitle);
  assertNoIdleOptions(ofTitle, command);
  const options = optionsOfTitle(await optionsFor('packageTitle', ofTitle, library), title, command);
  await runJob(
    flags,
    (context) => packageJob(withCues(options as unknown as PackageOptions, flags.cue), ofTitle, context),
    (result, style) => formatPackageResult(result, style),
  );
}

/** With times of the command line next to what else lists cues. */
function withCues(options: PackageOptions, times: readonly number[] | undefined): PackageOptions {
  return times ? { ...options, cues: [options.cues ?? [], times].flat(2) } : options;
}

async function packageJob(
  options: PackageOptions,
  flags: PackageFlags,
  context: JobContext,
): Promise<PackageResult> {
  const library = await import('../../index.js');
  return withKeys(flags, library, context.signal, async (keyStore, client) => {
    const named = await selectKeys(flags, process.env, library, keyStore, client);
    const result = await library.packageTitle({
      ...options,
      ...(named && { keys: named.forContent ?? named.source }),
      ...(flags.register && { keyStore }),
      ...context,
    });
    return { ...result, warnings: [...keyWarnings(flags, named), ...result.warnings] };
  });
}
