import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { findInputs } from '../../../src/packager/package/inputs.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();

beforeAll(() => {
  for (const folder of ['ladder/more', 'empty']) mkdirSync(temporary(folder), { recursive: true });
  for (const name of [
    'b.MP4',
    'a.m4a',
    'c.vtt',
    'd.srt',
    'e.ttml',
    'f.mov',
    'g.m4v',
    'notes.txt',
    'more/z.mp4',
  ])
    writeFileSync(join(temporary('ladder'), name), '');
});

describe('findInputs', () => {
  it('takes what a folder has of media and subtitles, in the order of names, and nothing below it', async () => {
    const inputs = await findInputs([temporary('ladder')]);
    expect(inputs.map(({ path, kind }) => [path.slice(temporary('ladder').length + 1), kind])).toEqual([
      ['a.m4a', 'media'],
      ['b.MP4', 'media'],
      ['c.vtt', 'webvtt'],
      ['d.srt', 'srt'],
      ['e.ttml', 'ttml'],
      ['f.mov', 'media'],
      ['g.m4v', 'media'],
    ]);
  });

  it('takes an input once that is given twice', async () => {
    const path = temporary('ladder/a.m4a');
    expect(await findInputs([path, temporary('ladder'), path])).toHaveLength(7);
    const written = [path, relative('.', path), `${temporary('ladder')}/more/../a.m4a`];
    expect(await findInputs(written)).toEqual([{ path, kind: 'media' }]);
  });

  it('refuses what has another name, and folders without inputs', async () => {
    await expect(findInputs([temporary('ladder/notes.txt')])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { received: '.txt' },
    });
    await expect(findInputs([temporary('missing')])).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
    await expect(findInputs([temporary('empty')])).rejects.toMatchObject({ code: 'INPUT_NOT_FOUND' });
  });
});
