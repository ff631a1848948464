import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { InputKind } from '../../../src/packager/package/inputs.js';
import { readText, segmentTexts } from '../../../src/packager/package/text.js';
import { SUBTITLES } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();

async function read(name: string, kind: InputKind, content: string, said = {}) {
  writeFileSync(temporary(name), content);
  const id = (language = 'und', role = '') => `text-${language}${role}`;
  return readText({ path: temporary(name), kind }, said, id);
}

describe('readText', () => {
  it('has WebVTT whole and cut', async () => {
    const text = await read('film.en.vtt', 'webvtt', SUBTITLES);
    expect(text).toMatchObject({ id: 'text-en', language: 'en', whole: { extension: '.vtt' } });
    expect(text.whole.text).toContain('Hello');
    // The cue is seen from 0.5 to 2.5 s, and so in both segments.
    expect(segmentTexts(text, [0, 2, 3]).map((one) => one.includes('Hello'))).toEqual([true, true]);
    expect(segmentTexts(text, [0, 3, 6]).map((one) => one.includes('Hello'))).toEqual([true, false]);
  });

  it('makes WebVTT of SRT', async () => {
    const text = await read('film.de.sdh.srt', 'srt', '1\n00:00:01,000 --> 00:00:02,000\nHallo\n');
    expect(text).toMatchObject({ language: 'de', role: 'caption', whole: { extension: '.vtt' } });
    expect(text.whole.text).toContain('00:00:01.000 --> 00:00:02.000\nHallo');
  });

  it('takes TTML as it is, for DASH alone', async () => {
    const text = await read('film.ttml', 'ttml', '<tt/>', { lang: 'deu', name: 'Deutsch' });
    expect(text).toMatchObject({
      language: 'de',
      label: 'Deutsch',
      whole: { extension: '.ttml', text: '<tt/>' },
    });
    expect(segmentTexts(text, [0, 2])).toEqual([]);
  });

  it('names the file of what it cannot read', async () => {
    await expect(read('broken.vtt', 'webvtt', 'no subtitles')).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      message: expect.stringContaining('broken.vtt: '),
      details: { path: temporary('broken.vtt') },
    });
  });
});
