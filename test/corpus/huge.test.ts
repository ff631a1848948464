import { rmSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decrypt } from '../../src/index.js';
import { tracksOf } from '../support/builder/movie.js';
import { writePieces } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, KEY, testKeys } from '../support/jobs.js';
import { readMovie } from '../support/mp4-reader.js';
import { fingerprintsOf } from '../support/sample-hashes.js';
import { testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const FOUR_GIB = 2 ** 32;
const tracks = () => tracksOf(testMedia('moov-last.mp4'));

/** Sparse files: hardly a byte of the inputs is on the disk. Outputs that keep the layout are as large as they look. */
describe('files beyond 4 GiB', { timeout: 300_000 }, () => {
  it('finds samples at 64-bit offsets and writes fragments from them', async () => {
    const input = temporary('far.mp4');
    const output = temporary('fragments.mp4');
    writePieces(
      input,
      progressive(tracks(), { offsets: 'co64', mdatSize: 64, insideMdat: [{ hole: FOUR_GIB }] }),
    );
    expect(readMovie(input).tracks[0].samples[0].offset).toBeGreaterThan(FOUR_GIB);
    await encryptTo(input, output);
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    expect(statSync(output).size).toBeLessThan(1_000_000);
  });

  it.skipIf(!SWEEPS)(`promotes chunk offsets that no longer fit 32 bits ${BY_SWEEPS}`, async () => {
    const input = temporary('near.mp4');
    const output = temporary('promoted.mp4');
    const withHole = (hole: number) => progressive(tracks(), { mdatSize: 64, insideMdat: [{ hole }] });
    writePieces(input, withHole(0));
    const lastChunk = Math.max(
      ...readMovie(input).tracks.flatMap(({ samples }) => samples.map(({ offset }) => offset)),
    );
    // The last samples begin just below 4 GiB: what encryption adds to moov pushes them over.
    writePieces(input, withHole(FOUR_GIB - 1 - lastChunk));
    await encryptTo(input, output, { layout: 'keep' });
    expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
    rmSync(output);
  });

  it.skipIf(!SWEEPS)(
    `keeps a moov behind 4 GiB, with 64-bit offsets in saio, and takes it back ${BY_SWEEPS}`,
    async () => {
      const input = temporary('moov-last.mp4');
      const output = temporary('moov-last.keep.mp4');
      const back = temporary('moov-last.back.mp4');
      const shape = {
        moov: 'last',
        offsets: 'co64',
        mdatSize: 64,
        insideMdat: [{ hole: FOUR_GIB }],
      } as const;
      writePieces(input, progressive(tracks(), shape));
      await encryptTo(input, output, { layout: 'keep' });
      expect(fingerprintsOf(output, KEY)).toEqual(fingerprintsOf(input));
      await decrypt({ input: output, output: back, keys: testKeys });
      expect(statSync(back).size).toBe(statSync(input).size);
      expect(fingerprintsOf(back)).toEqual(fingerprintsOf(input));
    },
  );
});
