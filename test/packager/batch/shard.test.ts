import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { planBatch } from '../../../src/packager/batch/plan.js';
import { jobsOfShard } from '../../../src/packager/batch/shard.js';
import type { BatchOptions, Job } from '../../../src/packager/batch/types.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();

const job = (contentId: string, input = `/${contentId}`): Job => ({
  input,
  output: `${input}.enc`,
  contentId,
  settings: {},
});
const CONTENTS = Array.from({ length: 1000 }, (_, i) => `series/${i}`);

describe('the jobs of a shard', () => {
  const shardsOf = (jobs: readonly Job[], count: number) =>
    Array.from({ length: count }, (_, index) => jobsOfShard(jobs, { index, count }));

  it('are all jobs, each in one shard, in their order', () => {
    const jobs = CONTENTS.map((contentId) => job(contentId));
    const shards = shardsOf(jobs, 7);
    expect(shards.flat().length).toBe(jobs.length);
    expect(new Set(shards.flat())).toEqual(new Set(jobs));
    for (const shard of shards) {
      expect(shard).toEqual(jobs.filter((one) => shard.includes(one)));
      expect(shard.length).toBeGreaterThan(100); // 143 on average
    }
  });

  it('are the same whatever else the batch holds, and in whatever order', () => {
    const jobs = CONTENTS.map((contentId) => job(contentId));
    const few = jobs.filter((_, i) => i % 3 === 0).reverse();
    for (const [index, shard] of shardsOf(few, 4).entries()) {
      const whole = jobsOfShard(jobs, { index, count: 4 });
      expect(shard.filter((one) => !whole.includes(one))).toEqual([]);
    }
  });

  it('are the same in every version: SHA-256 of the content id, its first 8 bytes, modulo the number of shards', () => {
    // printf film-7 | sha256sum: 0d9ce6693d95f49c…, which ends with 4 modulo 8
    expect(jobsOfShard([job('film-7')], { index: 4, count: 8 })).toHaveLength(1);
  });

  it('has all renditions of a content', () => {
    const renditions = ['a', 'b', 'c'].map((name) => job('film', `/mnt/${name}`));
    expect(
      shardsOf(renditions, 5)
        .map(({ length }) => length)
        .sort(),
    ).toEqual([0, 0, 0, 0, 3]);
  });
});

describe('the plan of a shard', () => {
  beforeAll(() => {
    mkdirSync(inFolder('media'));
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(inFolder(`media/${name}.mp4`), '');
  });
  const plan = (more: Partial<BatchOptions>) =>
    planBatch({ source: inFolder('media'), outDir: inFolder('out'), ...more });

  it('names its results file by the shard, unless it is named', async () => {
    expect((await plan({ shard: '1/3' })).results).toBe(inFolder('out/prpack-results.1-of-3.jsonl'));
    expect((await plan({ shard: '1/3', results: 'r.jsonl' })).results).toMatch(/\/r\.jsonl$/);
    expect((await plan({})).results).toBe(inFolder('out/prpack-results.jsonl'));
  });

  it('finds collisions with jobs of other shards, too', async () => {
    const manifest = inFolder('media/m.jsonl');
    const lines = ['a', 'b'].map((name) => ({ input: `${name}.mp4`, output: 'x.mp4' }));
    writeFileSync(manifest, lines.map((line) => JSON.stringify(line)).join('\n'));
    for (const shard of ['0/2', '1/2']) {
      await expect(plan({ source: manifest, shard })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });

  it.each(['3/3', '7/3'])('refuses a shard that is none: %s', async (shard) => {
    await expect(plan({ shard })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(shard),
      details: { expected: 'a shard from 0/3 to 2/3' },
    });
  });
});
