import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  isAllThere,
  newState,
  type PackageState,
  parseState,
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
  ])('is not taken from %s', (_, text) => {
    expect(parseState(text)).toBeUndefined();
  });
});

describe('isAllThere', () => {
  it('misses a file that is gone, or another one', async () => {
    const published = publishedFile('a.vtt', Buffer.from('WEBVTT'));
    const of = (files: readonly ReturnType<typeof file>[]) =>
      isAllThere(temporary(''), { ...state(1, []), files }, undefined);
    writeFileSync(temporary('a.vtt'), 'WEBVTT');
    expect(await of([published])).toBe(true);
    expect(await of([published, file('b.mp4')])).toBe(false);
    writeFileSync(temporary('a.vtt'), 'WEBVTX');
    expect(await of([published])).toBe(false);
  });
});
