import type { Track } from '../../isobmff/movie.js';
import { syncSamplesOf, trackOfSamples } from '../../isobmff/sync-samples.js';
import { familyOfTrack, type TitleTrack } from './representations.js';

/** Tracks for fast forward and rewind, and what could not become one. */
interface TrickPlay {
  readonly tracks: readonly TitleTrack[];
  readonly warnings: readonly string[];
}

/** Of each codec: the smallest video, with its sync samples alone (DASH-IF IOP 4.3 3.2.9). */
export function trickPlayOf(tracks: readonly TitleTrack[]): TrickPlay {
  const smallest = new Map<string, TitleTrack>(); // of each codec the last one: the largest come first
  for (const track of tracks) if (track.type === 'video') smallest.set(familyOfTrack(track), track);
  const made = [...smallest.values()].map((track) => ({
    track,
    syncSamples: syncSamplesOf(track.described.track),
  }));
  const isOfUse = ({ track, syncSamples }: (typeof made)[number]) =>
    syncSamples.length < track.described.track.samples.count;
  return {
    tracks: made.filter(isOfUse).map(({ track, syncSamples }) => thinned(track, syncSamples)),
    warnings: made
      .filter((one) => !isOfUse(one))
      .map(
        ({ track }) =>
          `${track.input}: every sample is a sync sample, so that players need no others for fast forward.`,
      ),
  };
}

function thinned(
  { eventKinds: _, ...track }: TitleTrack, // events are for who plays, and stay in the track that plays
  kept: readonly number[],
): TitleTrack {
  const { movie, described, id } = track;
  const [whole] = movie.tracks;
  const thin = trackOfSamples(whole, kept);
  return {
    ...track,
    id: trickPlayId(id),
    movie: { ...movie, tracks: [thin] },
    described: { ...described, track: thin },
    trickPlay: { of: id, maxPlayoutRate: maxPlayoutRate(whole, thin) },
  };
}

/** @param id of the track whose sync samples it has */
export function trickPlayId(id: string): string {
  return `${id}-trick`;
}

/** How many times faster than others a decoder may play the sync samples of a track. */
export function maxPlayoutRate(whole: Track, thin: Track): number {
  return Math.floor(whole.samples.count / thin.samples.count);
}
