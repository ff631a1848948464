import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Title, withTitle } from '../../../src/packager/package/title.js';
import { CUTS, SUBTITLES, writeLadder } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const outDir = temporary('out');

describe('withTitle', () => {
  it('has the largest picture first, equal audio once, and closes what it opened', async () => {
    const seen = await withTitle(
      { inputs: writeLadder(temporary('ladder')).reverse(), outDir, ...CUTS },
      async (title) => title,
    );
    expect(seen.tracks.map(({ id }) => id)).toEqual(['video-180p', 'video-90p', 'audio-de', 'audio-und']);
    expect(seen.texts.map(({ id }) => id)).toEqual(['text-en']);
    for (const source of seen.sources) expect(() => source.readInto(new Uint8Array(1), 0)).toThrow();
  });

  it('numbers subtitles of one language', async () => {
    const [movie] = writeLadder(temporary('ladder'));
    const more = ['a', 'b'].map((folder) => {
      mkdirSync(temporary(folder), { recursive: true });
      const path = join(temporary(folder), 'film.en.vtt');
      writeFileSync(path, SUBTITLES);
      return path;
    });
    const ids = await withTitle({ inputs: [movie, ...more], outDir, ...CUTS }, async ({ texts }: Title) =>
      texts.map(({ id }) => id),
    );
    expect(ids).toEqual(['text-en', 'text-en-2']);
  });

  it('refuses descriptions that fit no input, before it opens one', async () => {
    const options = { inputs: [temporary('missing.mp4')], outDir, describe: { 'film.mp4': { lang: 'de' } } };
    await expect(withTitle(options, async () => {})).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('film.mp4, which is no input'),
    });
  });

  it('refuses a title without media', async () => {
    const subtitles = writeLadder(temporary('ladder')).at(-1)!;
    await expect(withTitle({ inputs: [subtitles], outDir }, async () => {})).rejects.toMatchObject({
      code: 'NOTHING_TO_ENCRYPT',
    });
  });
});
