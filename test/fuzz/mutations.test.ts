import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decrypt, exitCodeOf, inspect, PrpackError } from '../../src/index.js';
import { fragmented } from '../support/builder/fragmented.js';
import { tracksOf } from '../support/builder/movie.js';
import { toBytes } from '../support/builder/pieces.js';
import { progressive } from '../support/builder/progressive.js';
import { encryptTo, testKeys, tracesOf } from '../support/jobs.js';
import { boxesIn } from '../support/mp4-reader.js';
import { testMedia } from '../support/samples.js';
import { SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
/** Of each seed and command. */
const RUNS = SWEEPS ? 1000 : 60;

const source = tracksOf(testMedia('moov-last.mp4'), 12);
const SEEDS = {
  progressive: toBytes(progressive(source)),
  'moov last': toBytes(progressive(source, { moov: 'last', offsets: 'co64' })),
  fragments: toBytes(fragmented(source, { fragmentSamples: 6, sidx: 'flat', mfra: true })),
  hevc: toBytes(progressive(tracksOf(testMedia('hevc-multislice.mp4'), 6))),
};

/** Where headers and tables are: mutations there do more harm than in media. */
function structure(bytes: Buffer): [number, number][] {
  return boxesIn(bytes).flatMap(({ type, offset, size, header }) => [
    [offset, type === 'mdat' ? header : size],
  ]);
}

const INTERESTING = [
  0, 1, 2, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

/** One change, as data: a counterexample tells what it is. */
type Mutation =
  | { readonly kind: 'byte' | 'field'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut out' | 'double'; readonly at: number; readonly size: number }
  | { readonly kind: 'cut off'; readonly at: number };

function mutation(seed: Buffer): fc.Arbitrary<Mutation> {
  const at = fc
    .constantFrom(...structure(seed))
    .chain(([start, size]) => fc.integer({ min: start, max: start + size - 1 }));
  const size = fc.integer({ min: 1, max: 64 });
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('byte' as const), at, value: fc.nat(255) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('field' as const),
        at,
        value: fc.constantFrom(...INTERESTING),
      }),
    },
    fc.record({ kind: fc.constantFrom('cut out' as const, 'double' as const), at, size }),
    fc.record({ kind: fc.constant('cut off' as const), at }),
  );
}

function mutate(bytes: Buffer, change: Mutation): Buffer {
  const at = Math.min(change.at, bytes.length);
  switch (change.kind) {
    case 'byte':
    case 'field': {
      const copy = Buffer.from(bytes);
      if (change.kind === 'byte' && at < copy.length) copy[at] = change.value;
      if (change.kind === 'field' && at + 4 <= copy.length) copy.writeUInt32BE(change.value, at);
      return copy;
    }
    case 'cut out':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.size)]);
    case 'double':
      return Buffer.concat([bytes.subarray(0, at + change.size), bytes.subarray(at)]);
    case 'cut off':
      return bytes.subarray(0, at);
  }
}

describe.each(Object.entries(SEEDS))('random damage to a file: %s', { timeout: 600_000 }, (_, seed) => {
  it('never crashes, hangs or leaves output of encrypt', async () => {
    await withMutations(seed, (input, output) =>
      encryptTo(input, output, { layout: 'fragmented', force: true }),
    );
  });

  it('never crashes, hangs or leaves output of encrypt that keeps the layout', async () => {
    await withMutations(seed, (input, output) => encryptTo(input, output, { layout: 'keep', force: true }));
  });

  it('never crashes or hangs decrypt', async () => {
    const clear = temporary('clear.mp4');
    const encrypted = temporary('encrypted.mp4');
    writeFileSync(clear, seed);
    await encryptTo(clear, encrypted, { force: true });
    await withMutations(readFileSync(encrypted), (input, output) =>
      decrypt({ input, output, keys: testKeys, force: true }),
    );
  });

  it('never crashes or hangs inspect', async () => {
    await withMutations(seed, (input) => inspect(input, { boxes: true }));
  });
});

/** Exit codes that damaged media may end with. KEY_REQUIRED (5) is what a damaged KID leads to. */
const FAIR_EXITS = [3, 4, 5];

async function withMutations(
  seed: Buffer,
  run: (input: string, output: string) => Promise<unknown>,
): Promise<void> {
  const input = temporary('mutated.mp4');
  const output = temporary('outcome.mp4');
  const mutations = fc.array(mutation(seed), { minLength: 1, maxLength: 3 });
  const property = fc.asyncProperty(mutations, async (list) => {
    writeFileSync(input, list.reduce(mutate, seed));
    const error = await run(input, output).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(tracesOf(output).filter((name) => name !== 'outcome.mp4')).toEqual([]);
    if (error === undefined) return;
    if (!(error instanceof PrpackError)) throw error;
    expect(FAIR_EXITS, `${error.code}: ${error.message}`).toContain(exitCodeOf(error.code));
  });
  await fc.assert(property, { numRuns: RUNS, endOnFailure: false });
}
