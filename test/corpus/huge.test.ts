import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decrypt } from '../../src/index.js';
import { type BuiltTrack, tracksOf } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, KEY, testKeys } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const FOUR_GIB = 2 ** 32;

/** Media that begins beyond 4 GiB: the file is sparse, a few kilobytes on the disk. */
function writeHuge(path: string, tracks: BuiltTrack[]): void {
  writePieces(path, progressive(tracks, { offsets: 'co64', mdatSize: 64, insideMdat: [{ hole: FOUR_GIB }] }));
}

describe('files beyond 4 GiB', () => {
  it('finds 64-bit offsets and writes small fragments from them', async () => {
    const input = temporary('huge.mp4');
    const output = temporary('fragmented.mp4');
    writeHuge(input, tracksOf(testMedia('moov-last.mp4')));
    expect(readMovie(input).tracks[0].samples[0].offset).toBeGreaterThan(FOUR_GIB);
    await encryptTo(input, output);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    expect(statSync(output).size).toBeLessThan(1_000_000);
  });

  it('keeps the layout, with 64-bit offsets in moov and saio', { timeout: 300_000 }, async () => {
    const input = temporary('huge.mp4');
    const output = temporary('keep.mp4');
    const back = temporary('back.mp4');
    writeHuge(input, tracksOf(testMedia('moov-last.mp4')));
    await encryptTo(input, output, { layout: 'keep' });
    expect(readMovie(output).tracks[0].samples[0].offset).toBeGreaterThan(FOUR_GIB);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    await decrypt({ input: output, output: back, keys: testKeys });
    expect(statSync(back).size).toBe(statSync(input).size);
    expect(fingerprintsOf(back)).toEqual(fingerprintsOf(input));
  });

  it('promotes 32-bit offsets that no longer fit', { timeout: 300_000 }, async () => {
    const input = temporary('promoted.mp4');
    const output = temporary('promoted.keep.mp4');
    // The last chunk lies just below 4 GiB: the boxes added to moov push it over.
    const tracks = tracksOf(testMedia('moov-last.mp4'));
    const size = (hole: number) => progressive(tracks, { mdatSize: 64, insideMdat: [{ hole }] });
    writePieces(input, size(0));
    const lastChunk = Math.max(
      ...readMovie(input).tracks.flatMap(({ samples }) => samples.map(({ offset }) => offset)),
    );
    writePieces(input, size(FOUR_GIB - 1 - lastChunk));
    expect(readMovie(input).top.map(({ type }) => type)).toContain('mdat');
    await encryptTo(input, output, { layout: 'keep' });
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
  });
});
