import { codecFamily } from '../../manifest/sets.js';
import type { MediaTrack } from './media.js';

/** A track with its names in the presentation. */
export interface TitleTrack extends MediaTrack {
  /** Of its representation, and the beginning of its file's name. */
  readonly id: string;
  /** Of a track for fast forward and rewind. */
  readonly trickPlay?: {
    /** The id of the track whose sync samples it has. */
    readonly of: string;
    /** How many times faster than others a decoder may play it. */
    readonly maxPlayoutRate: number;
  };
}

/** Names the tracks by what tells them apart: `video-1080p`, `audio-de`, `audio-de-ec-3`, `video-hvc1-720p`. */
export function nameTracks(tracks: readonly MediaTrack[]): TitleTrack[] {
  const taken = new Map<string, number>();
  return tracks.map((track) => {
    const parts = [track.type, ...familyOf(track, tracks), ...ownName(track)];
    const name = parts.join('-').replaceAll(/[^A-Za-z0-9._-]/g, '_');
    const times = (taken.get(name) ?? 0) + 1;
    taken.set(name, times);
    return { ...track, id: times === 1 ? name : `${name}-${times}` };
  });
}

/** The codec is part of the name only where there are several of the type. */
function familyOf(track: MediaTrack, tracks: readonly MediaTrack[]): string[] {
  const families = new Set(tracks.filter(({ type }) => type === track.type).map(familyOfTrack));
  return families.size > 1 ? [familyOfTrack(track)] : [];
}

export function familyOfTrack({ described }: Pick<MediaTrack, 'described'>): string {
  return codecFamily(described.codecs[0].codec);
}

function ownName({ type, described, language, role }: MediaTrack): string[] {
  const { height } = described.codecs[0];
  if (type === 'video') return height === undefined ? [] : [`${height}p`];
  return [language ?? 'und', ...(role !== undefined && role !== 'main' ? [role] : [])];
}
