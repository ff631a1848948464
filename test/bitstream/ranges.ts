import { expect } from 'vitest';
import type { PeekSample, RangeReader } from '../../src/bitstream/range-reader.js';
import { fromHex } from '../../src/bytes/hex.js';

/** Bytes of a sample: start inclusive, end exclusive. */
export type Range = readonly [start: number, end: number];

/** Gives what was asked for in new memory, and nothing beyond: a reader that looks past it fails. */
export function strictPeek(bytes: Uint8Array): PeekSample {
  return (at, length) => {
    expect(at + length).toBeLessThanOrEqual(bytes.length);
    return bytes.slice(at, at + length);
  };
}

/** The ranges of coded picture data of a sample. All bytes must be told. */
export function readRanges(reader: RangeReader, bytes: Uint8Array, peek = strictPeek(bytes)): Range[] {
  const ranges: Range[] = [];
  let at = 0;
  reader.read(bytes.length, peek, {
    clear: (sizeBytes) => {
      at += sizeBytes;
    },
    media: (sizeBytes) => {
      expect(sizeBytes).toBeGreaterThan(0);
      ranges.push([at, at + sizeBytes]);
      at += sizeBytes;
    },
  });
  expect(at).toBe(bytes.length);
  return ranges;
}

/** The body of the `av1C` or `vpcC` box of a sample entry. */
export function configurationOf(entry: Buffer): Buffer {
  const type = Math.max(entry.indexOf('av1C'), entry.indexOf('vpcC'));
  return entry.subarray(type + 4, type - 4 + entry.readUInt32BE(type - 4));
}

/** A sample of a fixture, its ranges filled with 0xa5, and where they are. */
export function sampleOf(row: string): { bytes: Uint8Array; ranges: Range[] } {
  const bytes: number[] = [];
  const ranges: Range[] = [];
  row.split(' ').forEach((part, i) => {
    if (i % 2 === 0) bytes.push(...fromHex(part)!);
    else {
      ranges.push([bytes.length, bytes.length + Number(part)]);
      bytes.push(...new Array<number>(Number(part)).fill(0xa5));
    }
  });
  return { bytes: Uint8Array.from(bytes), ranges };
}
