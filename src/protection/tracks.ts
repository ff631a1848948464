import { PrpackError } from '../errors.js';
import { mediaTypeOf } from '../isobmff/boxes/hdlr.js';
import { type CodecDescription, readCodecs, type TrackCodecs } from '../isobmff/codec-reader.js';
import type { Movie, Track } from '../isobmff/movie.js';
import type { SampleEntry } from '../isobmff/sample-entry.js';
import { findChild } from '../isobmff/walk.js';
import { named } from '../settings/spelling.js';
import {
  encryptableCodecs,
  explainCodec,
  foreignSystemOf,
  holdsPictures,
  sampleProtectionOf,
} from './codecs.js';
import { frameBytesOf } from './pcm-samples.js';
import { isProtected } from './protection-reader.js';
import type { TrackSelector } from './types.js';

/** A track and what its sample entries say of the codec. */
export interface DescribedTrack {
  readonly track: Track;
  readonly codecs: readonly CodecDescription[];
  /** Still pictures, such as thumbnails: left clear, as text is. */
  readonly holdsPictures?: boolean;
  /** What more is known of a codec that cannot be encrypted. */
  readonly explanation?: string | undefined;
  /** Of uncompressed audio: bytes of a frame, where the sample entries say so. */
  readonly frameBytes?: number | undefined;
}

/** What a track is called in reports: `audio`, `video`, or its handler type. */
export function typeNameOf({ handler }: Track): string {
  return mediaTypeOf(handler) ?? handler.trim();
}

/** @throws PrpackError MALFORMED_INPUT */
export async function describeTracks(movie: Movie): Promise<DescribedTrack[]> {
  const codecs = await readCodecs(movie.moov.bytes, movie.moov.startBytes);
  return movie.tracks.map((track, i) => ({
    track,
    codecs: codecsOf(track, codecs[i]),
    holdsPictures: holdsPictures(track, movie.moov),
    frameBytes: frameBytesOf(track, movie.moov),
    explanation: explainCodec(unsupportedEntryOf(track) ?? track.entries[0], movie.moov),
  }));
}

/** Of each entry of the track, which may have fewer than the file. */
function codecsOf({ stbl, entries }: Track, codecs: TrackCodecs): readonly CodecDescription[] {
  const nodes = findChild(stbl, 'stsd')!.children;
  const own = new Set(entries.map(({ node }) => node));
  return codecs.entries.filter((_, row) => own.has(nodes[row]));
}

/**
 * The tracks to encrypt: audio and video, but for tracks of still pictures.
 * @param hasSamples tracks without are left out; those of a stream may get some later
 * @throws PrpackError INVALID_ARGUMENT when a selector fits no audio or video track; ALREADY_ENCRYPTED;
 *   NOTHING_TO_ENCRYPT; UNSUPPORTED_CODEC
 */
export function selectTracks(
  described: readonly DescribedTrack[],
  selectors: readonly TrackSelector[] | undefined,
  hasSamples: (track: Track) => boolean = (track) => track.samples.count > 0,
): DescribedTrack[] {
  for (const { track } of described) assertClear(track);
  const media = described.filter(({ track }) => mediaTypeOf(track.handler));
  const moving = media.filter((entry) => !entry.holdsPictures);
  const selected = selectors ? selectBy(media, described, selectors) : moving;
  const withSamples = selected.filter(({ track }) => hasSamples(track));
  if (withSamples.length === 0) throw nothingToEncrypt(described);
  for (const entry of withSamples) assertEncryptable(entry);
  return withSamples;
}

function selectBy(
  media: readonly DescribedTrack[],
  all: readonly DescribedTrack[],
  selectors: readonly TrackSelector[],
): DescribedTrack[] {
  const chosen = new Set<DescribedTrack>();
  for (const selector of selectors) {
    const fitting = media.filter(
      (entry) =>
        selector === entry.track.id || (selector === typeNameOf(entry.track) && !entry.holdsPictures),
    );
    if (fitting.length === 0) throw noSuchTrack(selector, all);
    for (const entry of fitting) chosen.add(entry);
  }
  return media.filter((entry) => chosen.has(entry));
}

function noSuchTrack(selector: TrackSelector, all: readonly DescribedTrack[]): PrpackError {
  const known = all.map(({ track }) => `${track.id} (${typeNameOf(track)})`).join(', ');
  return new PrpackError('INVALID_ARGUMENT', `no audio or video track is selected by ${selector}`, {
    expected: known,
    received: selector,
    remedy: `Select audio or video tracks of the file; it has ${known}.`,
  });
}

function assertClear(track: Track): void {
  const foreign = track.entries.find(foreignSystemOf);
  if (foreign) throw foreignProtection(track, foreign);
  if (!isProtected(track)) return;
  const entry = track.entries.find(({ protection }) => protection)!;
  throw new PrpackError('ALREADY_ENCRYPTED', `track ${track.id} is encrypted already (${entry.fourcc})`, {
    boxPath: entry.node.path,
    offsetBytes: entry.node.startBytes,
    remedy: `Give the clear file, as prpack decrypt makes it, or encrypt this one again with its keys (${named('decryptKeys')} of prpack encrypt).`,
  });
}

function foreignProtection({ id }: Track, entry: SampleEntry): PrpackError {
  const { fourcc, node } = entry;
  return new PrpackError(
    'ALREADY_ENCRYPTED',
    `track ${id} is protected already, by ${foreignSystemOf(entry)} (${fourcc.trim()})`,
    {
      boxPath: node.path,
      offsetBytes: node.startBytes,
      received: fourcc,
      remedy: 'Give a clear file: prpack cannot undo the protection of other systems.',
    },
  );
}

function nothingToEncrypt(described: readonly DescribedTrack[]): PrpackError {
  const found = described
    .map(({ track }) => `track ${track.id}: ${typeNameOf(track)}, ${track.samples.count} samples`)
    .join('; ');
  return new PrpackError('NOTHING_TO_ENCRYPT', 'the file has no audio or video samples to encrypt', {
    boxPath: 'moov/trak',
    offsetBytes: described[0].track.node.startBytes,
    received: found,
    remedy:
      'Check that this is the right file; an init segment alone has no samples, join its segments first.',
  });
}

function unsupportedEntryOf({ entries, handler }: Track): SampleEntry | undefined {
  return entries.find(({ format }) => !sampleProtectionOf(handler, format));
}

function assertEncryptable({ track, holdsPictures, explanation }: DescribedTrack): void {
  const entry = unsupportedEntryOf(track);
  if (!entry) return;
  const { format, node } = entry;
  const reason = holdsPictures ? 'its still pictures are always left clear' : explanation;
  throw new PrpackError(
    'UNSUPPORTED_CODEC',
    `track ${track.id}: ${typeNameOf(track)} codec '${format}' cannot be encrypted${reason ? `: ${reason}` : ''}`,
    {
      boxPath: node.path,
      offsetBytes: node.startBytes,
      expected: encryptableCodecs(mediaTypeOf(track.handler)!),
      received: format,
      remedy: holdsPictures
        ? `Select other tracks with ${named('tracks')}.`
        : `Encode the track with a codec of the list, or leave it clear by selecting others with ${named('tracks')}.`,
    },
  );
}
