import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/source.js';
import { PrpackError } from '../../src/index.js';
import { readMovie } from '../../src/isobmff/movie.js';
import { decryptEdits } from '../../src/layout/decrypt-edits.js';
import { assertDisjointSamples } from '../../src/layout/disjoint.js';
import { earlierBoxes } from '../../src/layout/earlier-encryption.js';
import { encryptEdits } from '../../src/layout/encrypt-edits.js';
import { KeepPlan } from '../../src/layout/keep-plan.js';
import { isProtected } from '../../src/protection/protection-reader.js';
import { render, wholeSamples } from '../layout/plans.js';
import { box, fullBox, text, u8, u16, u32, u64 } from '../support/builder/boxes.js';
import { fragmented } from '../support/builder/fragmented.js';
import { audioTrackOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { boxesIn } from '../support/mp4-reader.js';
import { SWEEPS } from '../support/sweeps.js';

const PSSH = box('pssh', Buffer.alloc(24));
const two = [audioTrackOf([10, 20, 30, 40, 50, 60], 1), audioTrackOf([11, 21, 31, 41], 2)];

/** Two items of file-level metadata, one with a base offset. */
const meta = fullBox(
  'meta',
  0,
  0,
  fullBox(
    'iloc',
    1,
    0,
    u8(0x44, 0x40),
    u16(2, 1, 0, 0),
    u32(400),
    u16(1),
    u32(20, 1, 0x20000),
    u16(0),
    u32(500),
    u16(2),
    u32(0, 1, 9, 9),
  ),
);
/** Auxiliary information of a kind that has nothing to do with encryption. */
const saio = fullBox('saio', 0, 1, text('abcd'), u32(0, 1, 300));

const OPENED = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf', 'mfra'];

const SEEDS: Record<string, Buffer> = {
  stco: toBytes(progressive(two, { chunkSamples: 2, beforeMdat: [meta], moovBoxes: [meta] })),
  co64: toBytes(progressive(two, { chunkSamples: 2, offsets: 'co64', mdatSize: 64 })),
  'moov last': toBytes(progressive(two, { moov: 'last', mdats: 2 })),
  saio: toBytes(progressive(two, { tables: [saio] })),
  'sidx, mfra': toBytes(fragmented(two, { fragmentSamples: 2, sidx: 'nested', mfra: true })),
  'sidx of many': toBytes(fragmented(two, { fragmentSamples: 1, sidx: 'flat', base: 'absolute' })),
  runs: toBytes(fragmented(two, { fragmentSamples: 4, runs: 2, trafs: 2, sidx: 'each', unknown: true })),
  'bases in the media': toBytes(fragmented(two, { fragmentSamples: 3, base: 'media', mfra: true })),
};

/** The boxes that hold values which move, and those around them. */
const REWRITTEN = ['stco', 'co64', 'saio', 'sidx', 'tfra', 'iloc', 'tfhd', 'trun', 'stsd', 'mfro'];

describe('a layout that is kept, undone', () => {
  // PRPACK_SWEEPS=1 for more of them, which differ from run to run.
  const RUNS = SWEEPS ? 5_000 : 300;

  it.each(Object.entries(SEEDS))(
    `is the input, byte for byte, of mutated boxes: %s`,
    (_, seed) => {
      const outcomes = { undone: 0, refused: 0 };
      fc.assert(
        fc.property(fc.array(mutation(seed), { minLength: 1, maxLength: 3 }), (changes) => {
          const input = Buffer.from(seed);
          for (const { at, value } of changes) input.set(value, at);
          outcomes[expectUndone(input)]++;
        }),
        { numRuns: RUNS, endOnFailure: true, ...(!SWEEPS && { seed: 1 }) },
      );
      // Most changes are to bytes whose values do not matter here: a sweep that all but refuses everything proves nothing.
      expect(outcomes.undone).toBeGreaterThan(RUNS / 10);
    },
    600_000,
  );
});

/** Encrypts and undoes it, as the jobs plan it; the media bytes themselves are left alone. */
function expectUndone(input: Buffer): 'undone' | 'refused' {
  const source = new MemorySource(input);
  let encrypted: Buffer;
  try {
    const movie = readMovie(source);
    const tracks = movie.tracks.filter(({ samples, handler }) => samples.count > 0 && handler === 'soun');
    if (tracks.length === 0 || movie.tracks.some(isProtected)) return 'refused';
    // Boxes of an earlier encryption are dropped, with a warning.
    if (earlierBoxes(movie).length + movie.fragments.protectionTypes.length > 0) return 'refused';
    assertDisjointSamples(movie, new Set(tracks));
    const edits = encryptEdits(movie, tracks.map(wholeSamples), [PSSH]);
    encrypted = render(new KeepPlan(movie, source, edits), source);
  } catch (error) {
    if (error instanceof PrpackError) return 'refused';
    throw error;
  }
  const again = new MemorySource(encrypted);
  const movie = readMovie(again);
  const edits = decryptEdits(movie, again, new Set(movie.tracks.filter(isProtected)));
  const back = render(new KeepPlan(movie, again, edits), again);
  expect(back.equals(input)).toBe(true);
  return 'undone';
}

interface Change {
  readonly at: number;
  readonly value: Uint8Array;
}

/** A byte or a field of a box whose values move, header included, or now and then of any box. */
function mutation(seed: Buffer): fc.Arbitrary<Change> {
  const all = leaves(seed, 0);
  const rewritten = all.filter(({ type }) => REWRITTEN.includes(type));
  const place = fc
    .oneof(
      { weight: 5, arbitrary: fc.constantFrom(...rewritten) },
      { weight: 1, arbitrary: fc.constantFrom(...all) },
    )
    .chain(({ offset, size }) => fc.integer({ min: offset, max: offset + size - 1 }));
  const value = fc.oneof(
    { weight: 4, arbitrary: fc.nat(255).map((byte) => u8(byte)) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 7, 0x7fffffff, 0x80000000, 0xffffffff).map((n) => u32(n)) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 2 ** 32, 2 ** 53 - 1).map((n) => u64(n)) },
  );
  return fc
    .record({ at: place, value })
    .map((change) => ({ ...change, value: change.value.subarray(0, seed.length - change.at) }));
}

function leaves(bytes: Buffer, base: number): { type: string; offset: number; size: number }[] {
  return boxesIn(bytes, base).flatMap(({ type, offset, size, header }) => {
    const start = offset - base + header;
    if (OPENED.includes(type)) return leaves(bytes.subarray(start, offset - base + size), base + start);
    return [{ type, offset, size: type === 'mdat' ? header : size }];
  });
}
