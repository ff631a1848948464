import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  isAllThere,
  newState,
  type PackageState,
  parseState,
  pathsBelow,
  publishedFile,
  readState,
  stateText,
} from '../../../src/packager/package/state.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const SHA = 'ab'.repeat(32);
const file = (name: string) => ({ name, bytes: 1, sha256: SHA });
const state = (mediaVersion: number, names: readonly string[], former?: PackageState): PackageState =>
  newState({ contentId: 'film', job: SHA, mediaVersion, files: names.map(file) }, former);

describe('the state of a presentation', () => {
  it('is read as it was written', async () => {
    const written = state(1, ['a.mp4', 'manifest.mpd']);
    writeFileSync(temporary('prpack.json'), stateText(written));
    expect(await readState(temporary(''))).toEqual(written);
    expect(await readState(temporary('nowhere'))).toBeUndefined();
  });

  it('lists what it replaces, and what an interrupted run before has left', () => {
    const first = state(1, ['a.mp4', 'manifest.mpd']);
    const second = state(2, ['a.v2.mp4', 'manifest.mpd'], first);
    expect(second.replaced).toEqual(['a.mp4']);
    expect(state(3, ['a.v3.mp4', 'manifest.mpd'], second).replaced).toEqual(['a.v2.mp4', 'a.mp4']);
  });

  it.each([
    ['no JSON', 'film'],
    ['another file of the name', '{"name":"film"}'],
    ['nothing', 'null'],
    ['another version', JSON.stringify({ ...state(1, []), version: 2 })],
    ['a name that leads out of the folder', stateText({ ...state(1, ['../a.mp4']) })],
    [
      'a replaced name that leads out of the folder',
      stateText({ ...state(1, []), replaced: ['/etc/passwd'] }),
    ],
    ['the folder itself', stateText(state(1, ['..']))],
    [
      'a track that leads out of the folder',
      stateText({ ...state(1, []), tracks: [{ name: '../a.mp4', madeOf: SHA }] }),
    ],
    [
      'a segment that leads out of its folder',
      stateText({ ...state(1, []), files: [{ ...file('video'), files: { '../a': 1 } }] }),
    ],
  ])('is not taken from %s', (_, text) => {
    expect(parseState(text)).toBeUndefined();
  });
});

describe('isAllThere', () => {
  it('misses a file that is gone, or another one', async () => {
    const published = publishedFile({ name: 'a.vtt', bytes: Buffer.from('WEBVTT') });
    const of = (files: readonly ReturnType<typeof file>[]) =>
      isAllThere(temporary(''), { ...state(1, []), files }, undefined);
    writeFileSync(temporary('a.vtt'), 'WEBVTT');
    expect(await of([published])).toBe(true);
    expect(await of([published, file('b.mp4')])).toBe(false);
    writeFileSync(temporary('a.vtt'), 'WEBVTX');
    expect(await of([published])).toBe(false);
  });
});

describe('a folder of segments', () => {
  const folderOf = (name: string, files: Readonly<Record<string, string>>) => {
    mkdirSync(temporary(name));
    for (const [file, text] of Object.entries(files)) writeFileSync(temporary(`${name}/${file}`), text);
  };

  it('is there when its files are, with the bytes of all of them', async () => {
    folderOf('video', { 'init.mp4': 'head', '00001.m4s': 'one' });
    const sha256 = createHash('sha256').update('headone').digest('hex');
    const of = (files: Readonly<Record<string, number>>) =>
      isAllThere(
        temporary(''),
        { ...state(1, []), files: [{ name: 'video', bytes: 7, sha256, files }] },
        undefined,
      );
    expect(await of({ 'init.mp4': 4, '00001.m4s': 3 })).toBe(true);
    expect(await of({ 'init.mp4': 4, '00001.m4s': 3, '00002.m4s': 1 })).toBe(false);
    expect(await of({ '00001.m4s': 3, 'init.mp4': 4 })).toBe(false);
    writeFileSync(temporary('video/init.mp4'), 'hea');
    writeFileSync(temporary('video/00001.m4s'), 'done');
    expect(await of({ 'init.mp4': 4, '00001.m4s': 3 })).toBe(false);
  });

  it('is removed with the files that are of prpack, before it', () => {
    folderOf('old', { 'init.mp4': '', '00001.m4s': '', 'theirs.mp4': '' });
    expect(pathsBelow(temporary(''), 'old').sort()).toEqual(['old', 'old/00001.m4s', 'old/init.mp4']);
    expect(pathsBelow(temporary(''), 'old').at(-1)).toBe('old');
    expect(pathsBelow(temporary(''), 'old.mp4')).toEqual(['old.mp4']);
  });
});
