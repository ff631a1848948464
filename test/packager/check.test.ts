import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/source.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { encryptEdits } from '../../src/layout/encrypt-edits.js';
import { KeepPlan } from '../../src/layout/keep-plan.js';
import { checkEncrypted } from '../../src/packager/check.js';
import { KID, render, wholeSamples } from '../layout/plans.js';
import { hex } from '../support/builder/boxes.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { KEY } from '../support/jobs.js';
import { keystream } from '../support/sample-hashes.js';

/** A file of three samples, its encrypted output made by hand, and what the output must be. */
function made() {
  const input = new MemorySource(toBytes(progressive([audioTrackOf([100, 200, 300])])));
  const movie = readMovie(input);
  const encryptions = movie.tracks.map(wholeSamples);
  const output = render(new KeepPlan(movie, input, encryptEdits(movie, encryptions, [])), input);
  const { offsets, sizes } = readMovie(new MemorySource(output)).tracks[0].samples;
  for (const [i, offset] of offsets.entries()) {
    const iv = Buffer.alloc(8);
    iv[7] = i;
    const stream = keystream(KEY, iv, sizes[i]);
    for (let at = 0; at < sizes[i]; at++) output[offset + at] ^= stream[at];
  }
  const keyOf = () => ContentKey.fromHex(KEY);
  return { input, output, offsets, expected: { input, movie, sizeBytes: output.length, encryptions, keyOf } };
}

const check = (output: Uint8Array, expected: ReturnType<typeof made>['expected']) =>
  checkEncrypted(new MemorySource(output), expected);

describe('checkEncrypted', () => {
  it('accepts what was meant', async () => {
    const { output, expected } = made();
    await expect(check(output, expected)).resolves.toBeUndefined();
  });

  it('refuses an output of which nothing is protected', async () => {
    const { input, expected } = made();
    const subsamples = {
      starts: Uint32Array.of(0, 1, 2, 3),
      clearBytes: Uint16Array.of(100, 200, 300),
      protectedBytes: new Uint32Array(3),
    };
    const encryptions = expected.encryptions.map((encryption) => ({ ...encryption, subsamples }));
    const plan = new KeepPlan(expected.movie, input, encryptEdits(expected.movie, encryptions, []));
    const output = render(plan, input);
    const wanted = { ...expected, encryptions, sizeBytes: output.length };
    await expect(check(output, wanted)).rejects.toMatchObject({
      code: 'OUTPUT_CHECK_FAILED',
      message: expect.stringContaining('nothing of track 1 is protected'),
    });
  });

  type Damage = (one: ReturnType<typeof made>) => Uint8Array;
  const at = (output: Buffer, type: string, offset: number, ...bytes: number[]) => {
    output.set(bytes, output.indexOf(type, 0, 'latin1') + 4 + offset);
    return output;
  };

  it.each<[string, Damage, string]>([
    [
      'a changed byte of media',
      ({ output, offsets }) => at(output, 'mdat', 50, output[offsets[0] + 50] ^ 1),
      'sample 0',
    ],
    [
      'a sample left clear',
      ({ output, offsets, input }) => {
        const clear = new Uint8Array(300);
        input.readInto(clear, input.sizeBytes - 300);
        output.set(clear, offsets[2]);
        return output;
      },
      'sample 2',
    ],
    ['another KID in tenc', ({ output }) => at(output, 'tenc', 8, ...hex('99')), 'KID of track 1'],
    [
      'another scheme',
      ({ output }) => at(output, 'schm', 4, ...Buffer.from('cbc1')),
      'the scheme of track 1',
    ],
    ['another IV in senc', ({ output }) => at(output, 'senc', 8, 1), 'other IVs'],
    ['another sample size', ({ output }) => at(output, 'stsz', 15, 99), 'size or time'],
    ['another duration', ({ output }) => at(output, 'stts', 14, 0, 1), 'size or time'],
    ['another track id', ({ output }) => at(output, 'tkhd', 15, 9), 'a track id'],
    [
      'a sample entry that is not protected',
      ({ output }) => at(output, 'stsd', 12, ...Buffer.from('mp4a')),
      'encrypted tracks',
    ],
    ['a cut end', ({ output }) => output.subarray(0, -1), 'size of the file'],
    ['a broken box', ({ output }) => at(output, 'stsz', -8, 0, 0, 0, 7), 'cannot be read back'],
  ])('refuses %s', async (_, damage, problem) => {
    const one = made();
    await expect(check(damage(one), one.expected)).rejects.toMatchObject({
      code: 'OUTPUT_CHECK_FAILED',
      message: expect.stringContaining(problem),
    });
  });

  it('wants the KIDs that a pssh lists to be those of the tracks', async () => {
    const { input, expected } = made();
    const { movie, encryptions } = expected;
    const pssh = (kid: string) => {
      const body = [
        hex('01000000'),
        hex('1077efecc0b24d02ace33c1e52e2fb4b'),
        hex('00000001'),
        hex(kid),
        hex('00000000'),
      ];
      const size = 8 + body.reduce((sum, { length }) => sum + length, 0);
      return Buffer.concat([hex(size.toString(16).padStart(8, '0')), Buffer.from('pssh'), ...body]);
    };
    const output = render(
      new KeepPlan(movie, input, encryptEdits(movie, encryptions, [pssh('77'.repeat(16))])),
      input,
    );
    const { offsets, sizes } = readMovie(new MemorySource(output)).tracks[0].samples;
    for (const [i, offset] of offsets.entries()) {
      const iv = Buffer.from([0, 0, 0, 0, 0, 0, 0, i]);
      const stream = keystream(KEY, iv, sizes[i]);
      for (let byte = 0; byte < sizes[i]; byte++) output[offset + byte] ^= stream[byte];
    }
    await expect(check(output, { ...expected, sizeBytes: output.length })).rejects.toMatchObject({
      code: 'OUTPUT_CHECK_FAILED',
      message: expect.stringContaining(KID),
    });
  });
});
