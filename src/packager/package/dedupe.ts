import { Fingerprint, newFingerprintKey } from '../../bytes/fingerprint.js';
import { ReadWindow } from '../../bytes/source.js';
import type { SampleTable } from '../../isobmff/sample-table.js';
import type { MediaTrack } from './media.js';

/** Samples that lie near one another are read together, up to so many bytes. */
const DENSE_WINDOW_BYTES = 64 * 1024;
/** How many times its own bytes may lie where a track is, that all of it is read. */
const SPARSE_RATIO = 32;

/** The tracks without audio that another one has as well, byte for byte: every rendition of a ladder brings its copy. */
export function withoutCopies(tracks: readonly MediaTrack[]): MediaTrack[] {
  const key = newFingerprintKey();
  const fingerprints = new Map<MediaTrack, string>();
  const fingerprintOf = (track: MediaTrack) => {
    const fingerprint = fingerprints.get(track) ?? fingerprintOfSamples(track, key);
    fingerprints.set(track, fingerprint);
    return fingerprint;
  };
  const kept: MediaTrack[] = [];
  for (const track of tracks) {
    const isCopy =
      track.type === 'audio' &&
      kept.some((other) => isAlike(other, track) && fingerprintOf(other) === fingerprintOf(track));
    if (!isCopy) kept.push(track);
  }
  return kept;
}

/** Whether they are equal as far as their tables say. */
function isAlike(a: MediaTrack, b: MediaTrack): boolean {
  const [one, other] = [a, b].map(({ movie }) => movie.tracks[0]);
  if (
    a.type !== b.type ||
    a.language !== b.language ||
    a.role !== b.role ||
    a.described.codecs[0].codec !== b.described.codecs[0].codec ||
    one.mdhd.timescaleHz !== other.mdhd.timescaleHz ||
    one.samples.count !== other.samples.count
  )
    return false;
  for (let i = 0; i < one.samples.count; i++) {
    if (one.samples.sizes[i] !== other.samples.sizes[i]) return false;
  }
  return true;
}

/** Of all samples, one after the other. Nobody knows the key beforehand: no other samples can have been made to fit. */
function fingerprintOfSamples({ movie, source }: MediaTrack, key: string): string {
  const { samples } = movie.tracks[0];
  const { offsets, sizes, count } = samples;
  const window = new ReadWindow(source, windowBytes(samples));
  const fingerprint = new Fingerprint(key);
  for (let first = 0; first < count; ) {
    let end = first + 1;
    let lengthBytes = sizes[first];
    while (
      end < count &&
      offsets[end] === offsets[first] + lengthBytes &&
      lengthBytes + sizes[end] <= DENSE_WINDOW_BYTES
    ) {
      lengthBytes += sizes[end++];
    }
    fingerprint.update(window.view(offsets[first], lengthBytes));
    first = end;
  }
  return fingerprint.digest();
}

/** Audio between video of few bits is read together with it: a call for each piece would cost more than the bytes. */
function windowBytes({ offsets, sizes, count }: SampleTable): number {
  let ownBytes = 0;
  let firstBytes = Number.POSITIVE_INFINITY;
  let endBytes = 0;
  for (let i = 0; i < count; i++) {
    ownBytes += sizes[i];
    firstBytes = Math.min(firstBytes, offsets[i]);
    endBytes = Math.max(endBytes, offsets[i] + sizes[i]);
  }
  return endBytes - firstBytes <= ownBytes * SPARSE_RATIO ? DENSE_WINDOW_BYTES : 0;
}
