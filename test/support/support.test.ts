import { expect, it } from 'vitest';
import { writePieces } from './builder/pieces.js';
import { readMovie } from './mp4-reader.js';
import { ffmpegHashes, fingerprintsOf } from './sample-hashes.js';
import { allMedia } from './samples.js';
import { SHAPES } from './shapes.js';
import { BY_SWEEPS, SWEEPS } from './sweeps.js';
import { temporaryFolder } from './temporary.js';
import { describeWith } from './tools.js';

const temporary = temporaryFolder();

/** A run of ffmpeg takes longer than the rest of a test. */
const some = <T>(all: readonly T[]) => (SWEEPS ? all : all.filter((_, i) => i % 8 === 0));

describeWith(['ffmpeg'], `the reader of the tests against ffmpeg, one in eight ${BY_SWEEPS}`, () => {
  it.each(some(allMedia()))('finds the samples of $name that ffmpeg finds', ({ path }) => {
    assertAgreement(path);
  });

  const shapes = SHAPES.filter(({ ffmpegReads }) => ffmpegReads !== false);
  it.each(some(shapes))('finds the samples of the shape "$name" that ffmpeg finds', ({ name, make }) => {
    const path = temporary(`${name}.mp4`);
    writePieces(path, make());
    assertAgreement(path);
  });
});

function assertAgreement(path: string): void {
  // ffmpeg drops the empty samples of text tracks, and empty tracks.
  const isMedia = readMovie(path).tracks.map(({ handler }) => handler === 'vide' || handler === 'soun');
  const mine = fingerprintsOf(path).map((track) => track.map(({ size, md5 }) => `${size} ${md5}`));
  const media = <T>(tracks: T[][]) => tracks.filter((track, i) => isMedia[i] && track.length > 0);
  expect(media(mine)).toEqual(media(ffmpegHashes(path)));
}
