import { describe, expect, it } from 'vitest';
import { readSampleEntries } from '../../src/isobmff/sample-entry.js';
import { walkBox } from '../../src/isobmff/walk.js';
import { box, fullBox, hex, text, u8, u16, u32 } from '../support/builder/boxes.js';

const KID = '11111111-2222-3333-4444-555555555555';
const SINF = box(
  'sinf',
  box('frma', text('avc1')),
  fullBox('schm', 0, 0, text('cenc'), u32(0x10000)),
  box('schi', fullBox('tenc', 0, 0, u8(0, 0, 1, 8), hex(KID))),
);
const CONFIG = box('avcC', u32(1));

function read(handler: string, stsdVersion: number, count: number, ...entries: Uint8Array[]) {
  const slice = { bytes: fullBox('stsd', stsdVersion, 0, u32(count), ...entries), startBytes: 0 };
  return readSampleEntries(walkBox(slice, 'stsd'), handler, slice);
}

const video = (type: string, ...children: Uint8Array[]) =>
  box(type, u32(0), u16(0, 1), Buffer.alloc(70), ...children);
/** Sound description of a version, with so many more bytes of fields. */
const audio = (version: number, extra: number, ...children: Uint8Array[]) =>
  box('mp4a', u32(0), u16(0, 1, version), Buffer.alloc(18 + extra), ...children);

describe('readSampleEntries', () => {
  it('reads the boxes in a video entry, and of a protected one what it was before', () => {
    const { entries, stsd } = read('vide', 0, 2, video('avc1', CONFIG), video('encv', CONFIG, SINF));
    expect(entries.map(({ fourcc, format }) => [fourcc, format])).toEqual([
      ['avc1', 'avc1'],
      ['encv', 'avc1'],
    ]);
    expect(entries[1].protection).toMatchObject({ schemeType: 'cenc', tenc: { defaultKid: KID } });
    expect(entries[1].node.children.map(({ type }) => type)).toEqual(['avcC', 'sinf']);
    expect(stsd.children).toEqual(entries.map(({ node }) => node));
  });

  it.each([
    ['ISO', 0, 0, 0],
    ['QuickTime 1', 0, 1, 16],
    ['QuickTime 2', 0, 2, 36],
    ['ISO version 1, in a stsd of version 1', 1, 1, 0],
  ])('finds the boxes of a sound entry: %s', (_, stsdVersion, version, extra) => {
    const { entries } = read('soun', stsdVersion, 1, audio(version, extra, box('esds', u32(0))));
    expect(entries[0].node.children.map(({ type }) => type)).toEqual(['esds']);
  });

  it('does not look into entries of other tracks', () => {
    expect(read('text', 0, 1, box('tx3g', u32(0), u16(0, 1), u32(5))).entries[0].node.children).toEqual([]);
  });

  it.each([
    ['fewer entries than announced', 'vide', 2, [video('avc1')]],
    ['no entry', 'vide', 0, []],
    ['an entry too short for its fields', 'vide', 1, [box('avc1', u32(0), u16(0, 1))]],
    ['a protected entry without sinf', 'vide', 1, [video('encv')]],
    ['a child larger than the entry', 'vide', 1, [video('avc1', u32(99), text('avcC'))]],
  ])('refuses %s', (_, handler, count, entries) => {
    expect(() => read(handler, 0, count, ...entries)).toThrow(
      expect.objectContaining({ code: 'MALFORMED_INPUT' }),
    );
  });
});
