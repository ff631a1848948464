import { describe, expect, it } from 'vitest';
import { nameParts } from '../../../src/packager/package/names.js';

describe('nameParts', () => {
  it.each<[string, ReturnType<typeof nameParts>]>([
    ['film.de.m4a', { language: 'de' }],
    ['out/film.pt-BR.vtt', { language: 'pt-BR' }],
    ['film.de.commentary.m4a', { language: 'de', role: 'commentary' }],
    ['film.ad.en.m4a', { language: 'en', role: 'description' }],
    ['film.en.SDH.srt', { language: 'en', role: 'caption' }],
    ['film.forced.vtt', { role: 'forced-subtitle' }],
    ['film-1080.mp4', {}],
    ['de.m4a', {}],
    ['film.1080p.mp4', {}],
    ['film.x264.mp4', {}],
    ['film.zz.m4a', {}],
  ])('%s', (name, expected) => {
    expect(nameParts(name)).toEqual(expected);
  });
});
