import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { audioTrackOf, type BuiltTrack, tracksOf } from './builder/movie.js';
import { writePieces } from './builder/pieces.js';
import { progressive } from './builder/progressive.js';
import { sample } from './samples.js';

/** Pictures of a rendition: 25 a second, the first of each second a sync sample. */
const PICTURES = 75;

/** Three seconds of video that says it has this size. */
export function rendition(width: number, height: number): BuiltTrack {
  const [video] = tracksOf(sample('bars.mp4'), PICTURES);
  const entry = Buffer.from(video.entries[0]);
  entry.writeUInt16BE(width, 32); // VisualSampleEntry (ISO/IEC 14496-12 12.1.3): 8 + 8 + 16 bytes before
  entry.writeUInt16BE(height, 34);
  return { ...video, entries: [entry], edits: [{ duration: 3000, mediaTime: 1024 }] };
}

/** About three seconds of audio, of other bytes for each number. */
export function voice(number: number, id = 1): BuiltTrack {
  return audioTrackOf(
    Array.from({ length: 141 }, (_, i) => 40 + ((i * 7 + number * 13) % 30)),
    id,
  );
}

export const SUBTITLES = `WEBVTT

00:00.500 --> 00:02.500
Hello
`;

export function writeMovie(path: string, tracks: readonly BuiltTrack[]): string {
  writePieces(path, progressive(tracks));
  return path;
}

/**
 * The inputs of a small title: two renditions with the same sound, another language, and subtitles.
 * @returns paths
 */
export function writeLadder(folder: string): string[] {
  mkdirSync(folder, { recursive: true });
  const movies: [string, readonly BuiltTrack[]][] = [
    ['film-180.mp4', [rendition(320, 180), voice(1, 2)]],
    ['film-90.mp4', [rendition(160, 90), voice(1, 2)]],
    ['film.de.m4a', [voice(2)]],
  ];
  const subtitles = join(folder, 'film.en.vtt');
  writeFileSync(subtitles, SUBTITLES);
  return [...movies.map(([name, tracks]) => writeMovie(join(folder, name), tracks)), subtitles];
}

/** With these, the title has three fragments and two segments. */
export const CUTS = { fragmentDurationSeconds: 1, segmentDurationSeconds: 2 } as const;
