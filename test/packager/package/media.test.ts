import { describe, expect, it } from 'vitest';
import { openMedia } from '../../../src/packager/package/media.js';
import { box, fullBox, text, u8, u16, u32 } from '../../support/builder/boxes.js';
import type { BuiltTrack } from '../../support/builder/movie.js';
import { rendition, voice, writeMovie } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';
import { mediaOf } from './media.js';

const temporary = temporaryFolder();
const ROLE = 'urn:mpeg:dash:role:2011';
const kind = (uri: string, value: string) => fullBox('kind', 0, 0, text(`${uri}\0${value}\0`));
const elng = (tag: string) => fullBox('elng', 0, 0, text(`${tag}\0`));

describe('openMedia', () => {
  it('makes a movie of each track', async () => {
    const [video, audio] = await mediaOf(temporary('film.mp4'), [rendition(320, 180), voice(1, 2)]);
    expect([video.type, audio.type]).toEqual(['video', 'audio']);
    expect([video, audio].map(({ movie }) => movie.tracks.map(({ id, index }) => [id, index]))).toEqual([
      [[1, 0]],
      [[2, 0]],
    ]);
    expect(video.described.codecs[0]).toMatchObject({ width: 320, height: 180 });
    expect(video.sampleAspectRatio).toBeUndefined();
  });

  it.each<[string, string, Partial<BuiltTrack>, { lang?: string }, string | undefined]>([
    ['mdhd', 'film.m4a', { language: 'deu' }, {}, 'de'],
    ['elng before mdhd', 'film.m4a', { language: 'deu', mdiaBoxes: [elng('de-AT')] }, {}, 'de-AT'],
    ['mdhd where elng is no tag', 'film.m4a', { language: 'deu', mdiaBoxes: [elng('../x')] }, {}, 'de'],
    ['mdhd before the name', 'film.fr.m4a', { language: 'deu' }, {}, 'de'],
    ['the name', 'film.fr.m4a', {}, {}, 'fr'],
    ['the description before all', 'film.fr.m4a', { language: 'deu' }, { lang: 'spa' }, 'es'],
    ['nothing', 'film.m4a', {}, {}, undefined],
  ])('has the language of %s', async (_, name, track, corrections, language) => {
    const [found] = await mediaOf(temporary(name), [{ ...voice(1), ...track }], corrections);
    expect(found.language).toBe(language);
  });

  it.each<[string, string, readonly Uint8Array[], { role?: string }, string | undefined]>([
    ['udta/kind before the name', 'film.dub.m4a', [kind(ROLE, 'commentary')], {}, 'commentary'],
    ['the name where kind has another scheme', 'film.dub.m4a', [kind('urn:x', 'commentary')], {}, 'dub'],
    ['the name where kind has no role of manifests', 'film.dub.m4a', [kind(ROLE, 'nonsense')], {}, 'dub'],
    ['the description', 'film.dub.m4a', [kind(ROLE, 'commentary')], { role: 'main' }, 'main'],
  ])('has the role of %s', async (_, name, kinds, corrections, role) => {
    const track = { ...voice(1), trakBoxes: [box('udta', ...kinds)] };
    expect((await mediaOf(temporary(name), [track], corrections))[0].role).toBe(role);
  });

  it('has colour and the shape of samples', async () => {
    const plain = rendition(320, 180);
    const colr = box('colr', text('nclx'), u16(9, 16, 9), u8(0));
    const entry = Buffer.concat([plain.entries[0], colr]);
    entry.writeUInt32BE(entry.length, 0);
    entry.set(u32(4, 3), entry.indexOf('pasp') + 4);
    const [track] = await mediaOf(temporary('film.mp4'), [{ ...plain, entries: [entry] }]);
    expect(track.colour).toEqual({ primaries: 9, transfer: 16, matrix: 9 });
    expect(track.sampleAspectRatio).toEqual({ numerator: 4, denominator: 3 });
  });

  it('takes no colours from a colr that says nothing', async () => {
    const plain = rendition(320, 180);
    const [own] = await mediaOf(temporary('film.mp4'), [plain]);
    const colr = box('colr', text('nclx'), u16(2, 2, 2), u8(0));
    const entry = Buffer.concat([plain.entries[0], colr]);
    entry.writeUInt32BE(entry.length, 0);
    const [track] = await mediaOf(temporary('film.mp4'), [{ ...plain, entries: [entry] }]);
    expect(track.colour).toEqual(own.colour);
  });

  it('says what it leaves out', async () => {
    const chapters = { ...voice(3, 7), handler: 'text', entries: [box('text', Buffer.alloc(43))] };
    const path = writeMovie(temporary('film.mp4'), [voice(1), chapters]);
    const { warnings, tracks, source } = await openMedia(path, {}, undefined);
    source.close();
    expect(tracks).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(/film\.mp4: track 7 \(text\) is left out/)]);
  });

  it('names the file of what it cannot read', async () => {
    const path = writeMovie(temporary('broken.mp4'), [{ ...voice(1), entries: [box('mp4a')] }]);
    await expect(openMedia(path, {}, undefined)).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      message: expect.stringContaining('broken.mp4: '),
      details: { path },
    });
  });
});
