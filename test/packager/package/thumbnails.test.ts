import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readThumbnails } from '../../../src/packager/package/thumbnails.js';
import { pngHeader, writeSheets } from '../../support/sheets.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const read = (given: string) => readThumbnails(given, undefined);

describe('readThumbnails', () => {
  it('takes one sheet', async () => {
    writeSheets(temporary, [[400, 200]]);
    expect(await read(`${temporary('sheet-1.jpg')}:4x2`)).toMatchObject({
      columns: 4,
      rows: 2,
      mimeType: 'image/jpeg',
      widthPixels: 400,
      sheets: [{ path: temporary('sheet-1.jpg') }],
    });
  });

  it('takes numbered sheets up to the first that is missing, from 0 or 1 on, and the seconds of a tile', async () => {
    const names = ['a-007.png', 'a-000.png', 'a-001.png', 'a-002.png'];
    for (const name of names) writeFileSync(temporary(name), pngHeader(40, 20));
    const { sheets, tileSeconds } = await read(`${temporary('a-%03d.png')}:4x2:2.5`);
    expect(sheets.map(({ path }) => path)).toEqual(
      ['a-000.png', 'a-001.png', 'a-002.png'].map((name) => temporary(name)),
    );
    expect(tileSeconds).toBe(2.5);
  });

  it('names what is missing', async () => {
    await expect(read(`${temporary('b-%d.png')}:4x2`)).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringContaining('b-1.png'),
    });
    await expect(read(`${temporary('b.png')}:4x2`)).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });

  it('refuses sheets of several sizes, and a grid that does not fit them', async () => {
    const sheets = writeSheets(temporary, [
      [400, 200],
      [400, 100],
    ]);
    await expect(read(`${sheets}:4x2`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { path: temporary('sheet-2.jpg'), expected: 'image/jpeg of 400x200' },
    });
    await expect(read(`${temporary('sheet-1.jpg')}:3x2`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has no 3x2 equal tiles'),
    });
  });
});
