import { registeredName } from '../../keystore/registered-name.js';
import type { Clock } from '../job.js';
import type { Published } from '../publication.js';
import { mediaOf, smallFilesOf, type TitleJob, type TitleOutput, type TitlePlan } from './folder-plan.js';
import { manifestsOf } from './manifest-files.js';
import type { PlannedThumbnails } from './planned-thumbnails.js';
import { schemesOf } from './schemes.js';
import type { PackagedTrack, PackageOptions, PackageResult } from './types.js';

/** What has been packaged, was there already, or would be. */
export function report(
  { job, plan, unchanged, warnings }: Published<TitleJob, TitlePlan>,
  options: PackageOptions,
  clock: Clock,
): PackageResult {
  const { outDir, dryRun = false, keyStore } = options;
  const schemes = schemesOf(options);
  const manifests = manifestsOf(plan);
  const texts = plan.texts.map(
    ({ track: text, files: [file], representation: { codecs } }): PackagedTrack => ({
      id: text.id,
      type: 'text',
      input: text.input,
      file: file.name,
      bytes: file.bytes.length,
      ...(file.files && { segments: file.files.length - 1 }), // the header is none
      ...(codecs !== undefined && { codec: codecs }),
      ...(text.language !== undefined && { language: text.language }),
      ...(text.role !== undefined && { role: text.role }),
      ...(text.label !== undefined && { label: text.label }),
      encrypted: false,
    }),
  );
  const smallBytes = smallFilesOf(plan).reduce((sum, { bytes }) => sum + bytes.length, 0);
  return {
    outDir,
    contentId: registeredName(job.contentId, job.keys[0]?.seedId),
    scheme: schemes[0],
    schemes,
    durationSeconds: plan.presentation.durationSeconds,
    tracks: [
      ...plan.outputs.map((output) => reportTrack(output, unchanged)),
      ...texts,
      ...(plan.thumbnails ? [reportThumbnails(plan.thumbnails)] : []),
    ],
    manifests: manifests.map(({ name, text }) => ({ file: name, ...(dryRun && { text }) })),
    bytes: mediaOf(plan).reduce((sum, output) => sum + output.plan.sizeBytes, smallBytes),
    ...(keyStore && !dryRun && { keyStore: keyStore.location }),
    timings: clock.timings(),
    warnings,
    unchanged,
    dryRun,
  };
}

function reportThumbnails({ thumbnails, files }: PlannedThumbnails): PackagedTrack {
  const { id, widthPixels, heightPixels, columns, rows, sheets } = thumbnails;
  return {
    id,
    type: 'thumbnails',
    input: sheets[0].path,
    file: files[0].name,
    bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    width: widthPixels / columns,
    height: heightPixels / rows,
    encrypted: false,
  };
}

function reportTrack(
  { name, track, scheme, plan, key, files, published }: TitleOutput,
  unchanged: boolean,
): PackagedTrack {
  const { codec, width, height, sampleRateHz, ...coded } = track.described.codecs[0];
  const channels = track.channels?.count ?? coded.channels;
  const isVideo = track.type === 'video';
  return {
    id: track.id,
    type: track.type,
    input: track.input,
    file: name,
    ...(files && { segments: files.length - 1 }), // the header is none
    bytes: plan.sizeBytes,
    codec,
    ...(track.language !== undefined && { language: track.language }),
    ...(track.role !== undefined && { role: track.role }),
    ...(track.label !== undefined && { label: track.label }),
    ...(isVideo && width !== undefined && height !== undefined && { width, height }),
    ...(!isVideo && channels !== undefined && { channels }),
    ...(!isVideo && sampleRateHz !== undefined && { sampleRateHz }),
    ...(track.trickPlay && { trickPlayOf: track.trickPlay.of }),
    encrypted: true,
    scheme,
    kid: key.kid,
    ...(published && !unchanged && { reused: true }),
  };
}
