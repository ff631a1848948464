import { describe, expect, it } from 'vitest';
import { describer } from '../../../src/packager/package/descriptions.js';
import type { TrackDescription } from '../../../src/packager/package/types.js';

const INPUTS = ['in/film.de.m4a', 'in/film.mp4'].map((path) => ({ path, kind: 'media' as const }));

describe('describer', () => {
  it('finds an input by its path and by its name', () => {
    const described = describer(INPUTS, { 'film.de.m4a': { role: 'dub' }, 'in/film.mp4': { lang: 'en' } });
    expect(INPUTS.map(({ path }) => described(path))).toEqual([{ role: 'dub' }, { lang: 'en' }]);
    expect(describer(INPUTS, {})('in/film.mp4')).toEqual({});
  });

  it('refuses a description that fits no input, and names the one that was probably meant', () => {
    expect(() => describer(INPUTS, { 'film.d.m4a': {} })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('film.d.m4a, which is no input'),
        details: expect.objectContaining({ remedy: expect.stringContaining('Did you mean film.de.m4a?') }),
      }),
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a role that manifests do not know', { role: 'dubb' }, 'main, alternate, dub, '],
    ['what is no language', { lang: 'de,rloe=dub' }, 'a language tag of RFC 5646'],
    ['an empty name', { name: ' ' }, 'a name for people'],
    ['what is no text', { name: 7 }, 'a name for people'],
    ['a key that does not exist', { language: 'de' }, 'lang, role, name'],
    ['a key of all objects', { toString: 'de' }, 'lang, role, name'],
  ])('refuses %s', (_, description, expected) => {
    expect(() => describer(INPUTS, { 'film.mp4': description as TrackDescription })).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('of film.mp4'),
        details: expect.objectContaining({ expected: expect.stringContaining(expected) }),
      }),
    );
  });
});
