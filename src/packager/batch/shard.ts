import { createHash } from 'node:crypto';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { Job } from './types.js';

/** One of several parts of a batch. */
export interface Shard {
  /** From 0. */
  readonly index: number;
  readonly count: number;
}

/**
 * Reads `I/N`, the I-th of N shards, counted from 0 as Kubernetes and AWS Batch count.
 * @throws PrpackError INVALID_ARGUMENT where there is no such shard
 */
export function parseShard(text: string): Shard {
  const [index, count] = text.split('/').map(Number) as [number, number];
  if (index < count) return { index, count };
  throw new PrpackError('INVALID_ARGUMENT', `${named('shard', text)}: there is no such shard`, {
    expected: `a shard from 0/${count} to ${count - 1}/${count}`,
    received: text,
    remedy: 'Count shards from 0.',
  });
}

/**
 * The jobs of a shard. What decides is the content id alone: the same on every machine, and for all renditions of a content, whatever
 * else the batch holds.
 */
export function jobsOfShard(jobs: readonly Job[], { index, count }: Shard): Job[] {
  return jobs.filter(({ contentId }) => shardOf(contentId, count) === index);
}

function shardOf(contentId: string, count: number): number {
  const digest = createHash('sha256').update(contentId).digest();
  return Number(digest.readBigUInt64BE() % BigInt(count));
}

/** Name of the results file: each shard has its own. */
export function resultsNameOf(shard: Shard | undefined): string {
  return shard ? `prpack-results.${shard.index}-of-${shard.count}.jsonl` : 'prpack-results.jsonl';
}
