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
import { fingerprintUnder } from '../../support/fingerprint.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const SHA = 'ab'.repeat(32);
const KEY = '0c'.repeat(16);
const file = (name: string) => ({ name, bytes: 1, fingerprint: SHA });
const state = (mediaVersion: number, names: readonly string[], former?: PackageState): PackageState =>
  newState(
    { contentId: 'film', fingerprintKey: KEY, job: SHA, mediaVersion, files: names.map(file) },
    former,
  );

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
    ['another version', JSON.stringify({ ...state(1, []), version: 3 })],
    ['no key of fingerprints', JSON.stringify({ ...state(1, []), fingerprintKey: undefined })],
    ['another key of fingerprints', JSON.stringify({ ...state(1, []), fingerprintKey: SHA })],
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

  it('of version 1 lists files to replace, which count as others than they were', async () => {
    const { fingerprintKey: _, ...rest } = state(3, ['a.mp4']);
    const files = [
      { name: 'a.mp4', bytes: 1, sha256: SHA },
      { name: 'video', bytes: 1, sha256: SHA, files: { 'init.mp4': 1 } },
    ];
    const former = parseState(JSON.stringify({ ...rest, version: 1, files }))!;
    expect(former).toEqual({
      ...rest,
      files: [
        { name: 'a.mp4', bytes: 1 },
        { name: 'video', bytes: 1, files: { 'init.mp4': 1 } },
      ],
    });
    expect(state(4, ['b.mp4'], former)).toMatchObject({ version: 2, replaced: ['a.mp4', 'video'] });
    writeFileSync(temporary('a.mp4'), 'x');
    expect(await isAllThere(temporary(''), { ...former, files: [former.files[0]] }, undefined)).toBe(false);
  });
});

describe('isAllThere', () => {
  it('misses a file that is gone, or another one', async () => {
    const published = publishedFile({ name: 'a.vtt', bytes: Buffer.from('WEBVTT') }, KEY);
    const of = (files: PackageState['files']) =>
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
    const fingerprint = fingerprintUnder('0b'.repeat(16), Buffer.from('headone'));
    const of = (files: Readonly<Record<string, number>>) =>
      isAllThere(
        temporary(''),
        { ...state(1, []), files: [{ name: 'video', bytes: 7, fingerprint, files }] },
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
