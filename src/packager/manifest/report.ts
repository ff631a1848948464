import { manifestsOf } from '../package/manifest-files.js';
import type { Timings } from '../types.js';
import type { ManifestPlan, NamedPackedTrack, TextFile } from './manifest-plan.js';
import type { ManifestOptions, ManifestResult, ManifestTrack } from './types.js';

/** What has been written, was there already, or would be. */
export function report(
  plan: ManifestPlan,
  { outDir, dryRun = false }: ManifestOptions,
  { unchanged, timings }: { readonly unchanged: boolean; readonly timings: Timings },
): ManifestResult {
  return {
    outDir,
    durationSeconds: plan.presentation.durationSeconds,
    tracks: [...plan.tracks.map(reportTrack), ...plan.texts.map(reportText)],
    manifests: manifestsOf(plan).map(({ name, text }) => ({ file: name, ...(dryRun && { text }) })),
    timings,
    warnings: plan.warnings,
    unchanged,
    dryRun,
  };
}

function reportTrack({ id, packed, trickPlay }: NamedPackedTrack): ManifestTrack {
  const { media, kind, key, file, bytes, addressing } = packed;
  const { codec, width, height, sampleRateHz, ...coded } = media.described.codecs[0];
  const channels = media.channels?.count ?? coded.channels;
  return {
    id,
    type: kind,
    input: media.input,
    file,
    bytes,
    codec,
    ...describedOf(media),
    ...(kind === 'video' && width !== undefined && height !== undefined && { width, height }),
    ...(kind === 'audio' && channels !== undefined && { channels }),
    ...(kind === 'audio' && sampleRateHz !== undefined && { sampleRateHz }),
    ...(trickPlay && { trickPlayOf: trickPlay.of }),
    encrypted: key !== undefined,
    ...(key && { kid: key.kid, scheme: key.scheme }),
    segments: addressing.segments.length,
  };
}

function reportText({ track, file, bytes }: TextFile): ManifestTrack {
  return {
    id: track.id,
    type: 'text',
    input: track.input,
    file,
    bytes,
    ...describedOf(track),
    encrypted: false,
  };
}

function describedOf({ language, role, label }: Pick<ManifestTrack, 'language' | 'role' | 'label'>) {
  return {
    ...(language !== undefined && { language }),
    ...(role !== undefined && { role }),
    ...(label !== undefined && { label }),
  };
}
