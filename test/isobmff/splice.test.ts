import { describe, expect, it } from 'vitest';
import { type BoxEdit, REMOVED, rebuildBox, sizeOfRebuilt } from '../../src/isobmff/splice.js';
import { type BoxNode, findPath, walkBox } from '../../src/isobmff/walk.js';
import { box, text, u8, u32, u64 } from '../support/builder/boxes.js';

const MVHD = box('mvhd', u32(1));
const UDTA = box('udta', text('\xa9nam'));
const MOOV = box('moov', MVHD, box('trak', box('tkhd'), box('mdia', box('hdlr'))), UDTA, u8(0, 0, 0, 0));

function rebuilt(bytes: Uint8Array, edits: Record<string, BoxEdit>): Buffer {
  const slice = { bytes, startBytes: 500 };
  const tree = walkBox(slice, 'moov');
  const at = (path: string) => (path === '' ? tree : findPath(tree, path)!);
  const map = new Map<BoxNode, BoxEdit>(Object.entries(edits).map(([path, edit]) => [at(path), edit]));
  const rebuilt = Buffer.from(rebuildBox(tree, slice, map));
  expect(sizeOfRebuilt(tree, map)).toBe(rebuilt.length);
  return rebuilt;
}

describe('rebuildBox', () => {
  it('gives the very bytes back where nothing is edited', () => {
    expect(rebuilt(MOOV, {})).toEqual(MOOV);
  });

  it('replaces, removes and appends, and sizes follow', () => {
    const added = box('pssh', u32(7));
    expect(
      rebuilt(MOOV, {
        mvhd: REMOVED,
        'trak/mdia/hdlr': { replace: box('hdlr', u32(1, 2)) },
        'trak/mdia': { append: [added] },
        '': { append: [added, added] },
      }),
    ).toEqual(
      box(
        'moov',
        box('trak', box('tkhd'), box('mdia', box('hdlr', u32(1, 2)), added)),
        UDTA,
        ...[added, added, u8(0, 0, 0, 0)],
      ),
    );
  });

  it('puts boxes before another one, which may change as well', () => {
    const added = box('sinf', u32(7));
    expect(
      rebuilt(MOOV, { mvhd: { before: [added] }, 'trak/tkhd': { before: [added], type: 'free' } }),
    ).toEqual(
      box(
        'moov',
        added,
        MVHD,
        box('trak', added, box('free'), box('mdia', box('hdlr'))),
        ...[UDTA, u8(0, 0, 0, 0)],
      ),
    );
  });

  it('renames a box and leaves its content', () => {
    expect(rebuilt(MOOV, { 'trak/tkhd': { type: 'free' } })).toEqual(
      box('moov', MVHD, box('trak', box('free'), box('mdia', box('hdlr'))), UDTA, u8(0, 0, 0, 0)),
    );
  });

  it('appends to a box without children behind all of its bytes', () => {
    expect(
      rebuilt(MOOV, { udta: { append: [box('free')] } }).includes(box('udta', text('\xa9nam'), box('free'))),
    ).toBe(true);
  });

  it('keeps 64-bit sizes', () => {
    const large = Buffer.concat([u32(1), text('moov'), u64(16 + MVHD.length), MVHD]);
    const expected = Buffer.concat([u32(1), text('moov'), u64(16 + MVHD.length + 8), MVHD, box('free')]);
    expect(rebuilt(large, { '': { append: [box('free')] } })).toEqual(expected);
  });

  it('tells where the boxes stand that it was given', () => {
    const slice = { bytes: MOOV, startBytes: 500 };
    const tree = walkBox(slice, 'moov');
    const [inner, last] = [box('hdlr', u32(1, 2)), box('pssh', u32(7))];
    const edits = new Map<BoxNode, BoxEdit>([
      [findPath(tree, 'trak/mdia')!, { append: [inner] }],
      [tree, { append: [last] }],
    ]);
    const places = new Map<Uint8Array, number>();
    const bytes = rebuildBox(tree, slice, edits, places);
    for (const added of [inner, last]) {
      const at = places.get(added)!;
      expect(Buffer.from(bytes.subarray(at, at + added.length))).toEqual(added);
    }
  });

  it('does not change the bytes that it was given', () => {
    const before = Buffer.from(MOOV);
    rebuilt(MOOV, { mvhd: { type: 'free' }, '': { append: [box('free')] } });
    expect(MOOV).toEqual(before);
  });
});
