import { expect, it } from 'vitest';
import { readMovie } from './mp4-reader.js';
import { ffmpegHashes, fingerprintsOf } from './sample-hashes.js';
import { allMedia } from './samples.js';
import { describeWith } from './tools.js';

describeWith(['ffmpeg'], 'the reader of the tests against ffmpeg', () => {
  it.each(allMedia())('finds the samples of $name that ffmpeg finds', ({ path }) => {
    // ffmpeg drops the empty samples of text tracks.
    const isMedia = readMovie(path).tracks.map(({ handler }) => handler === 'vide' || handler === 'soun');
    const mine = fingerprintsOf(path).map((track) => track.map(({ size, md5 }) => `${size} ${md5}`));
    expect(mine.filter((_, i) => isMedia[i])).toEqual(ffmpegHashes(path).filter((_, i) => isMedia[i]));
  });
});
