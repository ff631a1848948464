import { PrpackError } from '../../../errors.js';
import type { CutTrack } from '../../../layout/smooth-times.js';
import { named } from '../../../settings/spelling.js';
import type { Title } from '../title.js';
import type { PlannedMedia, PlannedTrack } from '../title-plan.js';
import { type SmoothCodec, smoothCodecOf } from './codec.js';

/** A track with what clients of Smooth Streaming are told of its codec. */
export interface SmoothTrack extends PlannedTrack {
  readonly cut: CutTrack;
  readonly codec: SmoothCodec;
}

/**
 * The tracks of a title that Smooth Streaming has, and a warning for each of the others.
 * @throws PrpackError UNSUPPORTED_FEATURE where none of a type is left, INVALID_ARGUMENT where they have several keys
 */
export function selectSmoothTracks(
  title: Title,
  media: PlannedMedia,
): { readonly tracks: readonly SmoothTrack[]; readonly warnings: readonly string[] } {
  const warnings = title.texts.map(({ id }) => leftOut(id, 'subtitles are for DASH and HLS alone'));
  const tracks: SmoothTrack[] = [];
  for (const [i, planned] of media.tracks.entries()) {
    const { movie, id, trickPlay } = planned.track;
    if (trickPlay) continue; // clients show key frames of the others
    const codec = smoothCodecOf(planned.track);
    if (typeof codec === 'string') warnings.push(leftOut(id, codec));
    else {
      const { cuts } = title.cuts.fragmentations[i];
      tracks.push({ ...planned, codec, cut: { movie, track: movie.tracks[0], cuts } });
    }
  }
  const types = new Set(tracks.map(({ track }) => track.type));
  const missing = media.tracks.find(({ track }) => !types.has(track.type));
  if (missing) throw nothingLeft(missing.track.type, warnings);
  assertOneKey(tracks);
  return { tracks, warnings };
}

function leftOut(id: string, reason: string): string {
  return `Smooth Streaming leaves out ${id}: ${reason}.`;
}

function nothingLeft(type: string, warnings: readonly string[]): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    `no ${type} is left for Smooth Streaming. ${warnings.join(' ')}`,
    {
      expected: 'AVC and AAC',
      clause: 'MS-SSTR 2.2.2.5',
      remedy: `Add renditions in AVC and AAC, or leave ${named('smooth')} out.`,
    },
  );
}

function assertOneKey(tracks: readonly SmoothTrack[]): void {
  const kids = [...new Set(tracks.map(({ key }) => key.kid))];
  if (kids.length === 1) return;
  throw new PrpackError('INVALID_ARGUMENT', 'clients of Smooth Streaming know one key for all tracks only', {
    expected: 'one KID',
    received: kids.join(', '),
    remedy: `Have the key source give one key for all tracks (${named('keyPer', 'none')}), or leave ${named('smooth')} out.`,
  });
}
