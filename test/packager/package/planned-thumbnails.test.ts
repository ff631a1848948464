import { describe, expect, it } from 'vitest';
import { planThumbnails } from '../../../src/packager/package/planned-thumbnails.js';
import type { Thumbnails } from '../../../src/packager/package/thumbnails.js';

function sheets(count: number, tileSeconds?: number): Thumbnails {
  const header = { mimeType: 'image/jpeg', extension: '.jpg', widthPixels: 400, heightPixels: 200 } as const;
  return {
    id: 'thumbnails',
    ...header,
    columns: 5,
    rows: 2,
    ...(tileSeconds !== undefined && { tileSeconds }),
    sheets: Array.from({ length: count }, (_, i) => ({ path: `${i}.jpg`, header, bytes: new Uint8Array(9) })),
  };
}

/** Ticks of a sheet and of each segment, as parts of 90,000. */
function planned(count: number, seconds: number, tileSeconds?: number) {
  const { representation, files } = planThumbnails(sheets(count, tileSeconds), seconds, 'thumbnails.v2');
  const { segments } = representation.addressing;
  expect(files.map(({ name }) => name)).toContain('thumbnails.v2-00001.jpg');
  return [representation.sheetTicks, ...segments.map(({ durationTicks }) => durationTicks)];
}

describe('planThumbnails', () => {
  it('spreads all tiles over the title', () => {
    expect(planned(1, 60)).toEqual([60 * 90_000, 60 * 90_000]);
    expect(planned(2, 60)).toEqual([30 * 90_000, 30 * 90_000, 30 * 90_000]);
  });

  it('shows a tile as long as was said, and ends with the title', () => {
    // 10 tiles of 4 s are 40 s: the second sheet has 20 s
    expect(planned(2, 60, 4)).toEqual([40 * 90_000, 40 * 90_000, 20 * 90_000]);
  });

  it('goes on for up to a tile where the title lasts longer than its tiles', () => {
    // Audio of 60.02 s: 5,401,800 ticks in two sheets
    expect(planned(2, 60.02, 3)).toEqual([2_700_900, 2_700_900, 2_700_900]);
    expect(() => planned(2, 63.01, 3)).toThrow(/2 sheets of 5x2 tiles of 3 s .* lasts 63.010 s/);
  });

  it.each([1, 3])('refuses %d sheets where there should be two', (count) => {
    expect(() => planned(count, 60, 4)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: expect.objectContaining({ expected: '2 sheets', received: `${count} sheets` }),
      }),
    );
  });

  it.each([8, 8.0000006, 9.008, 3600.123456, 7200.1])(
    'lets no player ask for one sheet more, in %d s',
    (seconds) => {
      const inMpd = Number(seconds.toFixed(6));
      for (const count of [1, 2, 3, 7]) {
        const [sheetTicks] = planned(count, seconds);
        expect(Math.ceil((inMpd * 90_000) / sheetTicks)).toBe(count);
      }
    },
  );
});
