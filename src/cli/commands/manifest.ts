import type { Command } from 'commander';
import type { ManifestOptions, ManifestResult } from '../../index.js';
import { type JobContext, runJob } from '../job.js';
import { addOptions } from '../options/add.js';
import { assertNoIdlePlayReadyFlags, type EncryptFlags, optionsFor } from '../options/encryption.js';
import { addJsonOption } from '../options/output.js';
import { addPlayReadyOptions } from '../options/playready.js';
import { addConfigOption } from '../options/settings.js';
import { nonEmpty } from '../options/values.js';
import { formatManifestResult } from '../output/manifest-text.js';

const EXAMPLES = `
Examples:
  prpack manifest out/film --out-dir out/film
  prpack manifest out/film/v1080.mp4 out/film/v720.mp4 out/film/de.mp4 --out-dir out/film --describe 'de.mp4:lang=de'
  prpack manifest out/film --out-dir out/film --systems playready,common --la-url https://drm.example.com/rightsmanager.asmx`;

/** `prpack manifest <inputs...>` */
export function configureManifest(command: Command): void {
  command
    .description(
      'Writes DASH and HLS manifests for media that is packaged already, encrypted or clear. No media is changed.',
    )
    .argument(
      '<inputs...>',
      'MP4 and CMAF files with one track each, headers of tracks in segments, WebVTT and TTML subtitles, or folders of them',
    );
  command.optionsGroup('Presentation:');
  command.requiredOption(
    '--out-dir <folder>',
    'folder of the manifests: all media is in it or below',
    nonEmpty('--out-dir'),
  );
  addOptions(command, ['describe', 'segmentDurationSeconds'], {
    segmentDurationSeconds: 'shortest segment of HLS within a file (default: each part that its index lists)',
  });
  command.optionsGroup('Protection (keys are those that the files name):');
  addOptions(command, ['systems', 'fairplayUri', 'contentId'], {
    systems:
      'systems to name, of files that lack one made from KIDs: playready, common, widevine, and with cbcs fairplay (default: those of the files)',
    contentId: 'content id in Widevine headers that are made (default: none)',
  });
  addPlayReadyOptions(command);
  addJsonOption(command);
  addOptions(command, ['force', 'dryRun'], { force: 'replace existing manifests' });
  addConfigOption(command);
  command.addHelpText('after', EXAMPLES);
  command.action(manifestAction);
}

async function manifestAction(inputs: string[], flags: EncryptFlags, command: Command): Promise<void> {
  assertNoIdlePlayReadyFlags(flags, command);
  await runJob(
    flags,
    (context) => manifestJob(inputs, flags, context),
    (result, style) => formatManifestResult(result, style),
  );
}

async function manifestJob(
  inputs: readonly string[],
  flags: EncryptFlags,
  { signal, onProgress }: JobContext,
): Promise<ManifestResult> {
  const library = await import('../../index.js');
  const options = await optionsFor('writeManifests', flags, library);
  return library.writeManifests({
    ...(options as unknown as Omit<ManifestOptions, 'inputs'>),
    inputs,
    signal,
    onProgress,
  });
}
