import { describe, expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/source.js';
import {
  assertReadable,
  boxesOfRun,
  RunKind,
  readRun,
  readTopLevel,
  runAt,
  type TopLevel,
} from '../../src/isobmff/top-level.js';
import { box, header, text, u8, u32, u64 } from '../support/builder/boxes.js';

const FTYP = box('ftyp', text('isom'), u32(0));

const MOOF = box('moof', Buffer.alloc(16));

function runsOf(...parts: Uint8Array[]): {
  topLevel: TopLevel;
  source: MemorySource;
  runs: [string, number][];
} {
  const source = new MemorySource(Buffer.concat(parts));
  const topLevel = readTopLevel(source);
  const runs = [...topLevel.kinds].map((kind, i): [string, number] => [
    RunKind[kind],
    topLevel.startBytes[i],
  ]);
  return { topLevel, source, runs };
}

describe('readTopLevel', () => {
  it('joins neighbours that are carried or padding, and nothing else', () => {
    const { runs, topLevel } = runsOf(
      FTYP, // 0 to 16
      box('uuid', Buffer.alloc(16)), // to 40
      box('free'), // to 48
      box('wide'), // to 56
      box('mdat', u8(1)), // to 65
      box('mdat'), // to 73
      box('moof'), // to 81
      box('moof'), // to 89
      box('sidx'), // to 97
      box('sidx'), // to 105
    );
    expect(runs).toEqual([
      ['Other', 0],
      ['Padding', 40],
      ['Media', 56],
      ['Media', 65],
      ['Moof', 73],
      ['Moof', 81],
      ['Sidx', 89],
      ['Sidx', 97],
    ]);
    expect([...topLevel.startBytes].at(-1)).toBe(105);
    expect([0, 39, 40, 55, 56, 64, 65, 104, 105, 999].map((at) => runAt(topLevel, at))).toEqual([
      0, 0, 1, 1, 2, 2, 3, 7, 7, 7,
    ]);
  });

  it('reads 64-bit sizes, and an mdat to the end of the file', () => {
    const { runs } = runsOf(FTYP, header('mdat', 4, 64), u32(0), header('mdat', 0, 0), Buffer.alloc(50));
    expect(runs).toEqual([
      ['Other', 0],
      ['Media', 16],
      ['Media', 36],
    ]);
  });

  it.each([
    ['three zeros', u8(0, 0, 0), 'zeros'],
    ['many zeros', Buffer.alloc(2 ** 20 + 100), 'zeros'],
    ['zeros with something behind them', Buffer.concat([Buffer.alloc(2 ** 20), u8(1)]), 'bytes'],
    ['an ID3v1 tag', Buffer.concat([text('TAG'), Buffer.alloc(125, 0x20)]), 'ID3v1'],
    ['a text', text('made by nobody'), 'bytes'],
    ['a size smaller than a header', Buffer.concat([u32(5), text('abcd')]), 'bytes'],
    ['an unknown box that is cut', Buffer.concat([u32(50), text('abcd'), u32(0)]), 'bytes'],
    ['a cut 64-bit size', Buffer.concat([u32(1), text('mdat'), u32(0)]), 'bytes'],
    ['a cut user type', Buffer.concat([u32(24), text('uuid'), u32(0)]), 'bytes'],
    ['names of boxes that are none', text('moof moov \0\0\0\x08moof\xff\xff\xff\xffmoov'), 'bytes'],
  ])('carries %s at the end along', (_, bytes, kind) => {
    const { runs, topLevel, source } = runsOf(FTYP, box('moov'), bytes);
    expect(runs).toEqual([
      ['Other', 0],
      ['Moov', 16],
      ['Tail', 24],
    ]);
    const sizeBytes = bytes.length;
    expect(topLevel.tail).toEqual({
      kind,
      type: undefined,
      startBytes: 24,
      sizeBytes,
      claimedBytes: sizeBytes,
    });
    expect([...boxesOfRun(source, topLevel, 2)]).toEqual([{ type: undefined, startBytes: 24, sizeBytes }]);
  });

  it.each([
    ['a cut mdat', [header('mdat', 100, 32), u8(0)], 'Media', 108],
    ['a cut free', [header('free', 100, 32), u8(0)], 'Padding', 108],
    ['a 64-bit size beyond all numbers', [u32(1), text('mdat'), u64(-1n)], 'Media', Infinity],
  ])('lets %s end the file', (_, parts, kind, claimedBytes) => {
    const { runs, topLevel, source } = runsOf(FTYP, ...parts);
    expect(runs.at(-1)).toEqual([kind, 16]);
    expect(topLevel.tail).toMatchObject({ kind: 'cut', startBytes: 16, claimedBytes });
    expect([...boxesOfRun(source, topLevel, 1)]).toMatchObject([
      { startBytes: 16, sizeBytes: source.sizeBytes - 16 },
    ]);
  });

  it('does not take what begins otherwise for an MP4 file', () => {
    expect(() => runsOf(box('RIFF'))).toThrow(expect.objectContaining({ code: 'NOT_MP4' }));
  });

  it.each([
    ['a cut moof', [header('moof', 100, 32), u8(0)], 'TRUNCATED_INPUT', 16],
    ['a cut uuid', [header('uuid', 100, 32), Buffer.alloc(20)], 'TRUNCATED_INPUT', 16],
    ['a moof behind zeros', [Buffer.alloc(2 ** 20 - 4), MOOF], 'MALFORMED_INPUT', 16],
    ['a moof behind bytes that are no box', [text('TAG?TAG?TAG?'), MOOF], 'MALFORMED_INPUT', 16],
    ['a moof in a free box that is cut', [header('free', 100, 32), MOOF], 'MALFORMED_INPUT', 16],
    ['a moof in a free box of open size', [header('free', 0, 0), MOOF], 'MALFORMED_INPUT', 16],
    ['a size smaller than the header', [u32(7), text('mdat')], 'MALFORMED_INPUT', 16],
    ['a moov of open size', [u32(0), text('moov')], 'MALFORMED_INPUT', 16],
  ])('refuses %s', (_, parts, code, offsetBytes) => {
    expect(() => runsOf(FTYP, ...parts)).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ offsetBytes }) }),
    );
  });
});

describe('readRun and boxesOfRun', () => {
  const { topLevel, source } = runsOf(FTYP, box('abcd', u32(1)), box('moov', u8(5)), u8(1, 2, 3));

  it('reads a run whole, up to a size', () => {
    expect(readRun(source, topLevel, 1)).toEqual({
      startBytes: 28,
      bytes: Uint8Array.from(box('moov', u8(5))),
    });
    expect(() => readRun(source, topLevel, 1, 8)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        details: expect.objectContaining({ boxPath: 'moov', offsetBytes: 28, expected: 8, received: 9 }),
      }),
    );
  });

  it('lists the boxes of a run', () => {
    expect([...boxesOfRun(source, topLevel, 0)]).toEqual([
      { type: 'ftyp', startBytes: 0, sizeBytes: 16 },
      { type: 'abcd', startBytes: 16, sizeBytes: 12 },
    ]);
    expect([...boxesOfRun(source, topLevel, 2)]).toEqual([{ type: undefined, startBytes: 37, sizeBytes: 3 }]);
  });
});

describe('assertReadable', () => {
  it('refuses metadata of more than 64 MiB', () => {
    const moof = { type: 'moof', startBytes: 7, sizeBytes: 64 * 2 ** 20 };
    expect(() => assertReadable(moof)).not.toThrow();
    expect(() => assertReadable({ ...moof, sizeBytes: moof.sizeBytes + 1 })).toThrowError(
      /larger than any real movie needs/,
    );
  });
});
