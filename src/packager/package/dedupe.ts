import { readBytes } from '../../bytes/source.js';
import type { MediaTrack } from './media.js';

/** The tracks without audio that another one has as well, byte for byte: every rendition of a ladder brings its copy. */
export function withoutCopies(tracks: readonly MediaTrack[]): MediaTrack[] {
  const kept: MediaTrack[] = [];
  for (const track of tracks) {
    const isCopy = track.type === 'audio' && kept.some((other) => isSame(other, track));
    if (!isCopy) kept.push(track);
  }
  return kept;
}

function isSame(a: MediaTrack, b: MediaTrack): boolean {
  const [one, other] = [a, b].map(({ movie }) => movie.tracks[0]);
  const isAlike =
    a.type === b.type &&
    a.language === b.language &&
    a.role === b.role &&
    a.described.codecs[0].codec === b.described.codecs[0].codec &&
    one.mdhd.timescaleHz === other.mdhd.timescaleHz &&
    one.samples.count === other.samples.count;
  if (!isAlike) return false;
  const { count } = one.samples;
  for (let i = 0; i < count; i++) if (one.samples.sizes[i] !== other.samples.sizes[i]) return false;
  for (let i = 0; i < count; i++) if (!hasSameSample(a, b, i)) return false;
  return true;
}

function hasSameSample(a: MediaTrack, b: MediaTrack, sample: number): boolean {
  const [one, other] = [a, b].map(({ movie, source }) => {
    const { offsets, sizes } = movie.tracks[0].samples;
    return readBytes(source, offsets[sample], sizes[sample]);
  });
  return Buffer.compare(one, other) === 0;
}
