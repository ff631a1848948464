import { expect, it } from 'vitest';
import { fragmented } from './builder/fragmented.js';
import { tracksOf } from './builder/movie.js';
import { writePieces } from './builder/pieces.js';
import { protect } from './builder/protect.js';
import { ffmpegHashes, fingerprintsOf } from './sample-hashes.js';
import { testMedia } from './samples.js';
import { temporaryFolder } from './temporary.js';
import { describeWith } from './tools.js';

const temporary = temporaryFolder();
const SOURCE = testMedia('moov-last.mp4');
const KEY = '00112233445566778899aabbccddeeff';

describeWith(['ffmpeg'], 'the protection of the tests', () => {
  it.each([8, 16] as const)('is what ffmpeg and the reader of the tests decrypt: %i-byte IVs', (ivSize) => {
    const path = temporary(`iv${ivSize}.mp4`);
    const kid = '00112233-4455-6677-8899-aabbccddeeff';
    const tracks = tracksOf(SOURCE).map((track) => {
      const clearBytes = track.handler === 'vide' ? 900 : 0;
      return protect(track, { style: 'cenc', ivSize, clearBytes, kid, keyHex: KEY });
    });
    writePieces(path, fragmented(tracks, { aux: 'senc' }));
    expect(fingerprintsOf(path, KEY)).toEqual(fingerprintsOf(SOURCE));
    expect(fingerprintsOf(path)).not.toEqual(fingerprintsOf(SOURCE));
    expect(ffmpegHashes(path, KEY)).toEqual(ffmpegHashes(SOURCE));
  });
});
