import { describe, expect, it } from 'vitest';
import { PrpackError } from '../../../src/errors.js';
import { namedOutput, namePartsOf, outputNamer } from '../../../src/packager/batch/naming.js';

const named = (template: string, path: string, contentId?: string) =>
  outputNamer(template, '/out')(namePartsOf(path, contentId));

describe('names of outputs', () => {
  it.each([
    ['{name}.enc.mp4', 'film.mp4', '/out/film.enc.mp4'],
    ['{name}.enc.mp4', 'a/b/film.mp4', '/out/a/b/film.enc.mp4'],
    ['{name}-{ext}.mp4', 'a/film.m4a', '/out/a/film-m4a.mp4'],
    ['{dir}/x/{name}.mp4', 'a/b/film.mp4', '/out/a/b/x/film.mp4'],
    ['{dir}/{name}.mp4', 'film.mp4', '/out/film.mp4'],
    ['{contentId}.mp4', 'film.mp4', '/out/film.mp4'],
    ['{name}', 'no extension', '/out/no extension'],
    ['{name}.mp4', 'two.dots.mp4', '/out/two.dots.mp4'],
    ['{name}.mp4', 'a "b", ü\n漢.mp4', '/out/a "b", ü\n漢.mp4'],
    ['{name}.mp4', '{ext}.mov', '/out/{ext}.mp4'],
    ['{name}.mp4', '$&.mov', '/out/$&.mp4'],
  ])('%s of %s', (template, path, output) => {
    expect(named(template, path)).toBe(output);
  });

  it('take the content id of a manifest', () => {
    expect(named('{contentId}.mp4', 'film.mp4', 'series/7')).toBe('/out/series/7.mp4');
  });

  it.each(['../up', 'a/../../up', '..'])('stay in the folder, whatever the content id: %s', (contentId) => {
    expect(() => named('{contentId}', 'film.mp4', contentId)).toThrow(PrpackError);
  });

  it('refuse a part that there is not', () => {
    expect(() => outputNamer('{title}.mp4', '/out')).toThrow(/template/);
    expect(() => outputNamer('', '/out')).toThrow(/template/);
  });

  it('are taken from a manifest, absolute or inside of the folder', () => {
    expect(namedOutput('a/b.mp4', '/out')).toBe('/out/a/b.mp4');
    expect(namedOutput('/elsewhere/b.mp4', '/out')).toBe('/elsewhere/b.mp4');
    expect(namedOutput('..b.mp4', '/out')).toBe('/out/..b.mp4');
    expect(() => namedOutput('../b.mp4', '/out')).toThrow(/outside/);
  });
});

describe('the content id of a file', () => {
  it('tells files of one name in different folders apart', () => {
    expect(namePartsOf('a/film.mp4').contentId).toBe('a/film');
    expect(namePartsOf('film.mp4').contentId).toBe('film');
  });
});
