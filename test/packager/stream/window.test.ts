import { describe, expect, it } from 'vitest';
import { readBytes } from '../../../src/bytes/source.js';
import { readTopLevel } from '../../../src/isobmff/top-level.js';
import { StreamWindow } from '../../../src/packager/stream/window.js';
import { box, text } from '../../support/builder/boxes.js';

const init = Buffer.concat([box('ftyp', text('iso6')), box('moov')]);
const moof = box('moof', text('what'));
const mdat = box('mdat', text('media'));

describe('StreamWindow', () => {
  it.each([0, 8, 1000, 0xffffffff, 0x100000000, 5 * 2 ** 30])(
    'shows %i bytes that are gone as free',
    (gone) => {
      const at = init.length + gone;
      const window = new StreamWindow(init, [
        { startBytes: at, bytes: moof },
        { startBytes: at + moof.length, bytes: mdat },
      ]);
      expect(window.sizeBytes).toBe(at + moof.length + mdat.length);
      const starts = [...readTopLevel(window).startBytes];
      expect(starts.slice(-3)).toEqual([at, at + moof.length, window.sizeBytes]);
      expect(Buffer.from(readBytes(window, at, moof.length))).toEqual(moof);
      expect(Buffer.from(readBytes(window, at + moof.length - 2, 4))).toEqual(
        Buffer.concat([moof.subarray(-2), mdat.subarray(0, 2)]),
      );
    },
  );

  it('ends behind the fragment', () => {
    const window = new StreamWindow(init, [{ startBytes: init.length, bytes: moof }]);
    expect(() => readBytes(window, window.sizeBytes - 1, 2)).toThrowError(/points behind its end/);
  });
});
