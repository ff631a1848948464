import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import type { CounterUse } from '../../../src/cenc/iv-start.js';
import { encryptStream } from '../../../src/index.js';
import { box, text } from '../../support/builder/boxes.js';
import { fragmented } from '../../support/builder/fragmented.js';
import { tracksOf } from '../../support/builder/movie.js';
import { toBytes } from '../../support/builder/pieces.js';
import { encryptTo, testKeys } from '../../support/jobs.js';
import { testMedia } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';
import { Collected, streamOf } from './streams.js';

// The same IVs for both ways: a byte of another value for each track under one key.
vi.mock('../../../src/cenc/iv-start.js', async (original) => ({
  ...(await original<object>()),
  drawIvStarts: (uses: readonly CounterUse[]) =>
    uses.map(({ ivSizeBytes }, i) => new Uint8Array(ivSizeBytes).fill(16 * i + 1)),
}));

const temporary = temporaryFolder();
const av = () => tracksOf(testMedia('moov-last.mp4'));
const inBand = () => tracksOf(testMedia('hev1.mp4'));

type Shape = Parameters<typeof fragmented>[1];

const CASES: [name: string, tracks: typeof av, shape: Shape, ivSize?: 8 | 16][] = [
  ['offsets from the moof', av, { base: 'moof', fragmentSamples: 3 }],
  ['offsets from the moof, IVs of 16 bytes', av, { base: 'moof', fragmentSamples: 3 }, 16],
  ['absolute offsets', av, { base: 'absolute', fragmentSamples: 3 }],
  ['bases in the media', av, { base: 'media', fragmentSamples: 4 }],
  ['implied bases', av, { base: 'implied', fragmentSamples: 4 }],
  ['a sample a fragment', av, { fragmentSamples: 1 }],
  ['parameter sets in the samples', inBand, { fragmentSamples: 1 }],
];

describe('a fragmented file through a stream', () => {
  it.each(CASES)('is the file with its layout kept: %s', async (_, tracks, shape, ivSize = 8) => {
    await assertSame(toBytes(fragmented(tracks(), shape)), ivSize);
  });

  it('is the file with its layout kept: boxes of other kinds between and inside fragments', async () => {
    const bytes = toBytes(fragmented(av(), { fragmentSamples: 5 }));
    const mdatAt = bytes.indexOf('mdat', 0, 'latin1') - 4;
    const unknown = box('abcd', text('nobody knows this box'));
    await assertSame(Buffer.concat([bytes.subarray(0, mdatAt), bytes.subarray(mdatAt), unknown]), 8);
  });
});

async function assertSame(bytes: Buffer, ivSize: 8 | 16): Promise<void> {
  const input = temporary('clear.mp4');
  const kept = temporary('kept.mp4');
  writeFileSync(input, bytes);
  await encryptTo(input, kept, { layout: 'keep', ivSize, force: true });
  const output = new Collected();
  await encryptStream({ input: streamOf(bytes), output, keys: testKeys, ivSize });
  expect(output.bytes.equals(readFileSync(kept))).toBe(true);
}
