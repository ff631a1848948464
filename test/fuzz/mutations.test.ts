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
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();
const RUNS = 300;
const MAX_MS = 2000;

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
    [offset, type === 'mdat' ? header : size] as [number, number],
  ]);
}

const INTERESTING = [
  0, 1, 2, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
];

type Mutation = (bytes: Buffer) => Buffer;

/** One change: a byte, a 32-bit field with an interesting value, a stretch cut out, doubled, or cut off behind. */
function mutation(seed: Buffer): fc.Arbitrary<Mutation> {
  const place = fc
    .constantFrom(...structure(seed))
    .chain(([at, size]) => fc.integer({ min: at, max: at + size - 1 }));
  const length = fc.integer({ min: 1, max: 64 });
  const byte = fc.tuple(place, fc.nat(255)).map(
    ([at, value]): Mutation =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        if (at < copy.length) copy[at] = value;
        return copy;
      },
  );
  const field = fc.tuple(place, fc.constantFrom(...INTERESTING)).map(
    ([at, value]): Mutation =>
      (bytes) => {
        const copy = Buffer.from(bytes);
        if (at + 4 <= copy.length) copy.writeUInt32BE(value, at);
        return copy;
      },
  );
  const cutOut = fc.tuple(place, length).map(
    ([at, size]): Mutation =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]),
  );
  const doubled = fc.tuple(place, length).map(
    ([at, size]): Mutation =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]),
  );
  const cutOff = place.map(
    (at): Mutation =>
      (bytes) =>
        bytes.subarray(0, at),
  );
  return fc.oneof({ weight: 4, arbitrary: byte }, { weight: 6, arbitrary: field }, cutOut, doubled, cutOff);
}

describe.each(Object.entries(SEEDS))('random damage to a file: %s', (_, seed) => {
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
    writeFileSync(
      input,
      list.reduce((bytes, mutate) => mutate(bytes), seed),
    );
    const startMs = performance.now();
    const error = await run(input, output).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(performance.now() - startMs).toBeLessThan(MAX_MS);
    expect(tracesOf(output).filter((name) => name !== 'outcome.mp4')).toEqual([]);
    if (error === undefined) return;
    if (!(error instanceof PrpackError)) throw error;
    expect(FAIR_EXITS, `${error.code}: ${error.message}`).toContain(exitCodeOf(error.code));
  });
  await fc.assert(property, { numRuns: RUNS, endOnFailure: false });
}
