import { describe, expect, it } from 'vitest';
import { readBytes } from '../../../src/bytes/source.js';
import { FragmentBytes } from '../../../src/packager/stream/fragment-bytes.js';
import { box, text } from '../../support/builder/boxes.js';

const moof = box('moof', text('what'));
const mdat = box('mdat', text('media'));
const at = 5 * 2 ** 30;
const fragment = () =>
  new FragmentBytes([
    { startBytes: at, bytes: moof },
    { startBytes: at + moof.length, bytes: mdat },
  ]);

describe('FragmentBytes', () => {
  it('has its boxes at their offsets in the stream', () => {
    expect(fragment().sizeBytes).toBe(at + moof.length + mdat.length);
    expect(Buffer.from(readBytes(fragment(), at + moof.length - 2, 4))).toEqual(
      Buffer.concat([moof.subarray(-2), mdat.subarray(0, 2)]),
    );
  });

  it('gives views of what lies in one box', () => {
    expect(fragment().view(at + moof.length, 8)!.buffer).toBe(mdat.buffer);
    expect(fragment().view(at + moof.length - 2, 4)).toBeUndefined();
  });

  it.each([at - 1, at + moof.length + mdat.length - 1])('has nothing at %i', (offset) => {
    expect(() => readBytes(fragment(), offset, 2)).toThrowError(/points outside itself/);
  });
});
