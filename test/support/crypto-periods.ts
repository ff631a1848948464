import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import {
  type EncryptResult,
  type EncryptStreamOptions,
  encryptStream,
  parseKeyFile,
} from '../../src/index.js';
import { Collected, streamOf } from '../packager/stream/streams.js';
import type { Node, ReadMovie, ReadTrack } from './mp4-reader.js';
import { sample } from './samples.js';

/** KID and key of a crypto period in these tests: they follow from its index alone. */
export function periodKey(index: number): { kid: string; key: string } {
  const hex = index.toString(16).padStart(12, '0');
  return { kid: `10000000-0000-4000-8000-${hex}`, key: createHash('md5').update(hex).digest('hex') };
}

/** A key source and lookup with a key for each of the first crypto periods, for a scheme. */
export function periodKeys(count = 20, scheme: 'cenc' | 'cbcs' = 'cenc') {
  const algorithm = scheme === 'cenc' ? 'AESCTR' : 'AESCBC';
  const keys = Array.from({ length: count }, (_, period) => ({ ...periodKey(period), period, algorithm }));
  return parseKeyFile(JSON.stringify({ keys }), 'keys.json');
}

/** The period whose KID it is. */
export function periodOfKid(kid: string): number {
  return Number.parseInt(kid.slice(-12), 16);
}

/** The key of a KID of `periodKeys`. */
export const keyOfPeriodKid = (kid: string) => periodKey(periodOfKid(kid)).key;

/** What is encrypted: a file that is cut into fragments of a second, or a stream of fragments. */
export type Way = 'file' | 'stream';

/** Five seconds, with a sync sample at each. */
export const INPUTS: Readonly<Record<Way, string>> = {
  file: sample('bars.mp4'),
  stream: sample('bars-fragmented.mp4'),
};

export async function encryptBy(
  way: Way,
  output: string,
  options: Partial<EncryptStreamOptions>,
): Promise<EncryptResult> {
  const input = INPUTS[way];
  if (way === 'file') {
    return encryptStream({ input, output, fragmentDurationSeconds: 1, force: true, ...options });
  }
  const collected = new Collected();
  const stream = streamOf(readFileSync(input));
  const result = await encryptStream({ input: stream, output: collected, ...options });
  writeFileSync(output, collected.bytes);
  return result;
}

/** What a fragment has of a track. */
export interface ReadTraf {
  readonly track: ReadTrack;
  readonly node: Node;
  /** From 1; undefined where `tfhd` does not say it. */
  readonly entryIndex: number | undefined;
  readonly firstSample: number;
  readonly samples: number;
  /** Earliest presentation time. */
  readonly startSeconds: number;
  readonly kid: string | undefined;
}

/** The track fragments of each fragment. */
export function trafsOf(movie: ReadMovie): ReadTraf[][] {
  const next = new Map(movie.tracks.map(({ id }) => [id, 0]));
  return movie.moofs.map((moof) =>
    moof.all('traf').map((node) => {
      const tfhd = node.get('tfhd')!;
      const track = movie.tracks.find(({ id }) => id === tfhd.u32(4))!;
      const firstSample = next.get(track.id)!;
      const samples = node.all('trun').reduce((sum, trun) => sum + trun.u32(4), 0);
      next.set(track.id, firstSample + samples);
      const own = track.samples.slice(firstSample, firstSample + samples);
      const mediaTime = track.edits.find((edit) => edit.mediaTime >= 0)?.mediaTime ?? 0;
      const earliest = Math.min(...own.map(({ dts, cto }) => dts + cto)) - mediaTime;
      const entryAt = tfhd.flags & 1 ? 16 : 8;
      return {
        track,
        node,
        entryIndex: tfhd.flags & 2 ? tfhd.u32(entryAt) : undefined,
        firstSample,
        samples,
        startSeconds: Math.max(0, earliest / track.timescale),
        kid: own[0]?.groupKid ?? track.entries[own[0]?.entry ?? 0].tenc?.kid,
      };
    }),
  );
}

/** Types of the boxes in a box. */
export function typesIn(node: Node): string[] {
  return node.children.map(({ box }) => box.type);
}

/** The bytes of a box with its header, in hex. */
export function hexOf(movie: ReadMovie, { box }: Node): string {
  return movie.at(box.offset, box.size).toString('hex');
}
