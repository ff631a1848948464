import { readMovie } from '../mp4-reader.js';
import { box, fullBox, text, u8, u16, u32, u64 } from './boxes.js';

/** What goes into a track: the builders lay it out in one way or another. */
export interface BuiltSample {
  readonly data: Uint8Array;
  /** In the track's timescale. */
  readonly duration: number;
  /** Composition offset; negative ones make version 1 tables. */
  readonly cto?: number;
  /** Default true. */
  readonly sync?: boolean;
  /** Index into the track's entries; default 0. */
  readonly entry?: number;
  /** What `senc` holds for this sample: its IV, and its subsample count and entries where it has them. */
  readonly aux?: { readonly iv: Uint8Array; readonly map: Uint8Array };
}

export interface BuiltTrack {
  readonly id: number;
  /** Handler type: `vide`, `auxv`, `soun`, `text`. */
  readonly handler: string;
  readonly timescale: number;
  /** Sample entry boxes. */
  readonly entries: readonly Uint8Array[];
  readonly samples: readonly BuiltSample[];
  /** Edits: duration in the movie's timescale (1000), media time in the track's; -1 is an empty edit. */
  readonly edits?: readonly { readonly duration: number; readonly mediaTime: number }[];
  /** Three letters of ISO 639-2; default `und`. */
  readonly language?: string;
  /** Boxes put at the end of `mdia`. */
  readonly mdiaBoxes?: readonly Uint8Array[];
  /** Boxes put at the end of `trak`. */
  readonly trakBoxes?: readonly Uint8Array[];
}

export const MOVIE_TIMESCALE = 1000;
const MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);
const MEDIA_HEADERS: Record<string, Buffer> = {
  vide: fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)),
  auxv: fullBox('vmhd', 0, 1, u16(0, 0, 0, 0)),
  soun: fullBox('smhd', 0, 0, u16(0, 0)),
};

/** `moov` around the given sample tables, one `stbl` body a track. */
export function moovBox(
  tracks: readonly BuiltTrack[],
  tablesOf: (track: BuiltTrack, index: number) => readonly Uint8Array[],
  more: readonly Uint8Array[] = [],
): Buffer {
  const traks = tracks.map((track, index) => trakBox(track, tablesOf(track, index)));
  const nextId = Math.max(...tracks.map(({ id }) => id)) + 1;
  const mvhd = fullBox(
    'mvhd',
    0,
    0,
    u32(0, 0, MOVIE_TIMESCALE, longestSeconds(tracks) * MOVIE_TIMESCALE, 0x10000),
    u16(0x100, 0),
    u32(0, 0),
    MATRIX,
    u32(0, 0, 0, 0, 0, 0, nextId),
  );
  return box('moov', mvhd, ...traks, ...more);
}

function longestSeconds(tracks: readonly BuiltTrack[]): number {
  return Math.max(...tracks.map((track) => durationOf(track) / track.timescale));
}

function durationOf({ samples }: BuiltTrack): number {
  return samples.reduce((sum, { duration }) => sum + duration, 0);
}

function trakBox(track: BuiltTrack, tables: readonly Uint8Array[]): Buffer {
  const duration = durationOf(track);
  const movieDuration = Math.round((duration / track.timescale) * MOVIE_TIMESCALE);
  const size = track.handler === 'vide' ? u32(160 << 16, 96 << 16) : u32(0, 0);
  const tkhd = fullBox(
    'tkhd',
    0,
    3,
    u32(0, 0, track.id, 0, movieDuration, 0, 0),
    u16(0, 0, track.handler === 'soun' ? 0x100 : 0, 0),
    MATRIX,
    size,
  );
  const mdia = box(
    'mdia',
    fullBox(
      'mdhd',
      0,
      0,
      u32(0, 0, track.timescale, duration),
      u16(packedLanguage(track.language ?? 'und'), 0),
    ),
    fullBox('hdlr', 0, 0, u32(0), text(track.handler), u32(0, 0, 0), text('test\0')),
    box(
      'minf',
      MEDIA_HEADERS[track.handler] ?? fullBox('nmhd', 0, 0),
      box('dinf', fullBox('dref', 0, 0, u32(1), fullBox('url ', 0, 1))),
      box('stbl', fullBox('stsd', 0, 0, u32(track.entries.length), ...track.entries), ...tables),
    ),
    ...(track.mdiaBoxes ?? []),
  );
  return box('trak', tkhd, ...editBoxes(track), mdia, ...(track.trakBoxes ?? []));
}

/** Three letters of five bits (ISO/IEC 14496-12 8.4.2). */
function packedLanguage(code: string): number {
  return [...code].reduce((packed, letter) => packed * 32 + letter.charCodeAt(0) - 0x60, 0);
}

function editBoxes({ edits }: BuiltTrack): Buffer[] {
  if (!edits) return [];
  const entries = edits.map(({ duration, mediaTime }) => [u64(duration, mediaTime), u16(1, 0)]);
  return [box('edts', fullBox('elst', 1, 0, u32(edits.length), ...entries))];
}

/** The tracks of a real file, ready to be laid out anew. */
export function tracksOf(path: string, limit = Number.POSITIVE_INFINITY): BuiltTrack[] {
  const movie = readMovie(path);
  return movie.tracks.map((track) => ({
    id: track.id,
    handler: track.handler,
    timescale: track.timescale,
    entries: track.entries.map(({ bytes }) => bytes),
    samples: track.samples.slice(0, limit).map((sample) => ({
      data: movie.at(sample.offset, sample.size),
      duration: sample.duration,
      cto: sample.cto,
      sync: sample.sync,
      entry: sample.entry,
    })),
  }));
}

/** An audio track of samples with the given sizes and contents that tell them apart. */
export function audioTrackOf(sizes: readonly number[], id = 1): BuiltTrack {
  const samples = sizes.map((size, index) => ({
    data: Buffer.from(Array.from({ length: size }, (_, at) => (index * 31 + at * 7) & 255)),
    duration: 1024,
  }));
  return { id, handler: 'soun', timescale: 48000, entries: [aacEntry()], samples };
}

/** An `mp4a` entry for AAC-LC, 48 kHz, stereo, with its ES descriptor (ISO/IEC 14496-14 5.6). */
export function aacEntry(): Buffer {
  const specific = u8(0x05, 2, 0x11, 0x90);
  const config = Buffer.concat([u8(0x04, 13 + specific.length, 0x40, 0x15, 0, 0, 0), u32(0, 0), specific]);
  const descriptor = Buffer.concat([u8(0x03, 3 + config.length + 3), u16(0), u8(0), config, u8(0x06, 1, 2)]);
  const head = [u32(0), u16(0, 1), u32(0, 0), u16(2, 16, 0, 0), u32(48000 * 0x10000)];
  return box('mp4a', ...head, fullBox('esds', 0, 0, descriptor));
}

/** An audio entry of any other codec with its configuration box. */
export function audioEntry(fourcc: string, config: Uint8Array): Buffer {
  return box(fourcc, u32(0), u16(0, 1), u32(0, 0), u16(2, 16, 0, 0), u32(48000 * 0x10000), config);
}
