import { describe, expect, it } from 'vitest';
import type { PrpackError } from '../../src/errors.js';
import {
  bytesOf,
  findPath,
  readBoxHeader,
  requirePath,
  walkBox,
  walkChildren,
  walkMeta,
} from '../../src/isobmff/walk.js';
import { box, fullBox, hex, text, u8, u16, u32, u64 } from '../support/builder/boxes.js';

const at = (bytes: Uint8Array, startBytes = 0) => ({ bytes, startBytes });

function problemOf(work: () => unknown): PrpackError {
  try {
    work();
  } catch (error) {
    return error as PrpackError;
  }
  throw new Error('nothing was thrown');
}

describe('readBoxHeader', () => {
  it.each([
    ['32-bit size', hex('0000000c 66726565'), { type: 'free', headerBytes: 8, sizeBytes: 12 }],
    ['to the end', hex('00000000 6d646174'), { type: 'mdat', headerBytes: 8, sizeBytes: 0 }],
    [
      '64-bit size',
      hex('00000001 6d646174 0000000100000010'),
      { type: 'mdat', headerBytes: 16, sizeBytes: 2 ** 32 + 16 },
    ],
    [
      'user type',
      hex('0000001c 75756964 a2394f525a9b4f14a2446c427c648df4'),
      { type: 'uuid', userType: 'a2394f52-5a9b-4f14-a244-6c427c648df4', headerBytes: 24, sizeBytes: 28 },
    ],
  ])('reads a header: %s', (_, bytes, expected) => {
    expect(readBoxHeader(bytes, 0, '')).toEqual(expected);
  });

  it.each([7, 12])('needs all of the header: %i bytes', (length) => {
    expect(
      readBoxHeader(hex('00000001 6d646174 0000000100000010').subarray(0, length), 0, ''),
    ).toBeUndefined();
  });

  it('refuses sizes smaller than the header', () => {
    for (const bytes of [hex('00000007 66726565'), hex('00000001 66726565 000000000000000f')]) {
      expect(problemOf(() => readBoxHeader(bytes, 5, 'moov')).details).toMatchObject({
        boxPath: 'moov/free',
        offsetBytes: 5,
      });
    }
  });
});

describe('walkBox', () => {
  const moov = box(
    'moov',
    box('mvhd', u32(1)), // at 108
    box('trak', box('tkhd'), box('mdia', box('hdlr'))), // at 120: tkhd at 128, mdia at 136, hdlr at 144
    box('trak'), // at 152
    box('udta', box('meta')), // at 160, not looked into
  );
  const tree = walkBox(at(moov, 100), 'moov');

  it('tells where every box is, and how it is called', () => {
    expect(tree).toMatchObject({
      type: 'moov',
      startBytes: 100,
      sizeBytes: 76,
      headerBytes: 8,
      path: 'moov',
    });
    expect(tree.children.map(({ type, startBytes, path }) => [type, startBytes, path])).toEqual([
      ['mvhd', 108, 'moov/mvhd'],
      ['trak', 120, 'moov/trak[0]'],
      ['trak', 152, 'moov/trak[1]'],
      ['udta', 160, 'moov/udta'],
    ]);
    expect(findPath(tree, 'trak/mdia/hdlr')).toMatchObject({
      startBytes: 144,
      path: 'moov/trak[0]/mdia/hdlr',
    });
    expect(tree.children[3].children).toEqual([]);
    expect(bytesOf(tree.children[0], at(moov, 100))).toEqual(box('mvhd', u32(1)));
  });

  it('names what is missing', () => {
    expect(findPath(tree, 'trak/edts/elst')).toBeUndefined();
    expect(problemOf(() => requirePath(tree, 'trak/edts', 'clause')).details).toMatchObject({
      boxPath: 'moov/trak/edts',
      offsetBytes: 100,
      clause: 'clause',
    });
  });

  it('reads boxes with 64-bit sizes', () => {
    const large = Buffer.concat([u32(1), text('trak'), u64(24), box('tkhd')]);
    const [trak] = walkBox(at(box('moov', large)), 'moov').children;
    expect(trak).toMatchObject({
      headerBytes: 16,
      sizeBytes: 24,
      children: [{ type: 'tkhd', startBytes: 24 }],
    });
  });

  it('carries fewer bytes than a header at the end of a container along', () => {
    expect(walkBox(at(box('moov', box('mvhd'), u32(0))), 'moov').children).toHaveLength(1);
  });

  it.each([
    ['larger than its container', [u32(9), text('trak')]],
    ['of open size', [u32(0), text('trak')]],
    ['with a cut 64-bit size', [u32(1), text('trak')]],
  ])('refuses a box %s', (_, child) => {
    const error = problemOf(() => walkBox(at(box('moov', box('mvhd'), ...child), 50), 'moov'));
    expect(error).toMatchObject({
      code: 'MALFORMED_INPUT',
      details: { boxPath: 'moov/trak[0]', offsetBytes: 66 },
    });
  });

  it('refuses nesting without end, and boxes without number', () => {
    let nested = box('trak');
    for (let i = 0; i < 20; i++) nested = box('trak', nested);
    expect(problemOf(() => walkBox(at(nested), 'trak')).message).toContain('nest deeper');
    const many = Buffer.alloc(8 * 100_001, box('free'));
    expect(problemOf(() => walkBox(at(box('moov', many)), 'moov')).message).toContain('more than 100000');
  });
});

describe('walkChildren', () => {
  it('reads boxes that fill a range', () => {
    const bytes = Buffer.concat([u32(9), box('abcd'), box('efgh', u16(1))]);
    const nodes = walkChildren(at(bytes, 10), 14, 32, 'x');
    expect(nodes.map(({ path, startBytes }) => [path, startBytes])).toEqual([
      ['x/abcd', 14],
      ['x/efgh', 22],
    ]);
  });
});

describe('walkMeta', () => {
  it.each([
    ['ISO', fullBox('meta', 0, 0, box('hdlr'), box('iloc')), 12],
    ['QuickTime', box('meta', box('hdlr'), box('iloc')), 8],
  ])('finds the boxes of an %s meta', (_, bytes, first) => {
    expect(walkMeta(at(bytes), 'meta').children.map(({ type, startBytes }) => [type, startBytes])).toEqual([
      ['hdlr', first],
      ['iloc', first + 8],
    ]);
  });

  it.each([0, 1, 3, 4])('finds none in %i bytes', (length) => {
    expect(walkMeta(at(box('meta', Buffer.alloc(length))), 'meta').children).toEqual([]);
  });

  it('refuses a child that does not fit', () => {
    expect(problemOf(() => walkMeta(at(box('meta', u8(0, 0, 0, 99), text('hdlr'))), 'meta')).code).toBe(
      'MALFORMED_INPUT',
    );
  });
});
