import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type KeyStore,
  openKeyStore,
  type PackageOptions,
  packageTitle,
  writeManifests,
} from '../../../src/index.js';
import { eventWarnings, inbandEventStreamsOf } from '../../../src/packager/package/events.js';
import { emsgBox } from '../../support/builder/boxes.js';
import { fragmented } from '../../support/builder/fragmented.js';
import type { BuiltTrack } from '../../support/builder/movie.js';
import { type Piece, writePieces } from '../../support/builder/pieces.js';
import { CUTS, rendition, voice } from '../../support/ladder.js';
import { boxesIn } from '../../support/mp4-reader.js';
import { temporaryFolder } from '../../support/temporary.js';

const ID3 = 'https://aomedia.org/emsg/ID3';
const kinds = (...uris: string[]) => ({ eventKinds: uris.map((schemeIdUri) => ({ schemeIdUri })) });

describe('inbandEventStreamsOf', () => {
  it('has each stream once', () => {
    const own = { schemeIdUri: 'urn:a', value: '1' };
    const streams = [
      { id: 'a', eventKinds: [own] },
      { id: 'b', ...kinds('urn:a', 'urn:b') },
      { id: 'c' },
      { id: 'd', eventKinds: [own] },
    ];
    expect(inbandEventStreamsOf(streams)).toEqual([own, { schemeIdUri: 'urn:a' }, { schemeIdUri: 'urn:b' }]);
  });
});

describe('eventWarnings', () => {
  const set = (...tracks: Parameters<typeof inbandEventStreamsOf>[0]) => tracks.map((track) => ({ track }));

  it('name the renditions of a set that lack events of others', () => {
    const sets = [
      set({ id: 'a', ...kinds('urn:a') }, { id: 'b' }, { id: 'c', ...kinds('urn:c') }),
      set({ id: 'd' }),
    ];
    const said = eventWarnings(sets);
    expect(said.map((text) => /events of (.+) while they play ([\w, ]+)/.exec(text)?.slice(1))).toEqual([
      ['urn:a', 'b, c'],
      ['urn:c', 'a, b'],
    ]);
  });

  it('are silent where all have the same', () => {
    expect(eventWarnings([set({ id: 'a', ...kinds('urn:a') }, { id: 'b', ...kinds('urn:a') })])).toEqual([]);
  });
});

describe('packageTitle with events', () => {
  const temporary = temporaryFolder();
  let keyStore: KeyStore;
  let count = 0;

  beforeAll(() => {
    keyStore = openKeyStore({ location: `sqlite:${temporary('keys.sqlite')}` });
    return () => keyStore.close();
  });

  // At 1.5 s and 2.2 s; fragments of the input last 1 s.
  const first = emsgBox({ scheme: ID3, value: '', time: 1500, id: 1, message: 'ID3' });
  const second = emsgBox({ version: 0, time: 200, id: 2, message: 'two' });
  const asVersion1 = emsgBox({ time: 2200, id: 2, message: 'two' });

  /** A file in fragments of one second, with `first` before the second and `second` before the third. */
  function inFragments(
    name: string,
    tracks: readonly BuiltTrack[],
    before = [[], [first], [second]] as Buffer[][],
  ) {
    const pieces = fragmented(tracks, { fragmentSamples: 25 });
    let fragment = 0;
    const all = pieces.flatMap((piece): Piece[] => {
      const isMoof = piece instanceof Uint8Array && Buffer.from(piece).toString('latin1', 4, 8) === 'moof';
      return isMoof ? [...(before[fragment++] ?? []), piece] : [piece];
    });
    const folder = temporary(`inputs${count}`);
    mkdirSync(folder, { recursive: true });
    writePieces(join(folder, name), all);
    return join(folder, name);
  }

  const run = async (inputs: string[], options: Partial<PackageOptions> = {}) => {
    const outDir = temporary(`title${count++}`);
    const laUrl = 'https://drm.example.com/rm.asmx';
    const result = await packageTitle({
      inputs,
      outDir,
      keyStore,
      ...CUTS,
      playready: { laUrl },
      ...options,
    });
    return { ...result, mpd: readFileSync(join(outDir, 'manifest.mpd'), 'utf8') };
  };

  const eventsIn = (...path: string[]) => {
    const bytes = readFileSync(join(...path));
    const events = boxesIn(bytes).filter(({ type }) => type === 'emsg');
    return events.map(({ offset, size }) => bytes.subarray(offset, offset + size));
  };

  it('carries them in files, and announces them', async () => {
    const inputs = [
      inFragments('film-180.mp4', [rendition(320, 180), voice(1, 2)]),
      inFragments('film-90.mp4', [rendition(160, 90)]),
    ];
    const { outDir, mpd, warnings } = await run(inputs);
    expect(warnings).toEqual([]);
    // Fragments are those of the input.
    for (const id of ['video-180p', 'video-90p'])
      expect(eventsIn(outDir, `${id}.mp4`)).toEqual([first, second]);
    expect(eventsIn(outDir, 'audio-und.mp4')).toEqual([]);
    expect(mpd.match(/<InbandEventStream .+>/g)).toEqual([
      `<InbandEventStream schemeIdUri="${ID3}"/>`,
      '<InbandEventStream schemeIdUri="urn:example:event" value="1"/>',
    ]);
    expect(
      (await writeManifests({ inputs: [outDir], outDir, segmentDurationSeconds: 2, force: true })).warnings,
    ).toEqual([]);
    expect(readFileSync(join(outDir, 'manifest.mpd'), 'utf8')).toBe(mpd);
  });

  it('leaves them out of tracks for fast forward', async () => {
    const { outDir, mpd } = await run([inFragments('film-90.mp4', [rendition(160, 90)])], {
      trickPlay: true,
    });
    expect(eventsIn(outDir, 'video-90p-trick.mp4')).toEqual([]);
    expect(mpd.match(/<InbandEventStream/g)).toHaveLength(2);
  });

  it('carries them in segments, before the moof of the fragment', async () => {
    const { outDir } = await run([inFragments('film-180.mp4', [rendition(320, 180)])], {
      addressing: 'segments',
      segmentDurationSeconds: 3,
    });
    expect(readdirSync(join(outDir, 'video-180p')).sort()).toEqual(['00001.m4s', 'init.mp4']);
    const types = boxesIn(readFileSync(join(outDir, 'video-180p', '00001.m4s'))).map(({ type }) => type);
    expect(types.join(' ')).toBe('styp moof mdat emsg moof mdat emsg moof mdat');
    // The segment begins at 0 s now.
    expect(eventsIn(outDir, 'video-180p', '00001.m4s')).toEqual([first, asVersion1]);
  });

  it('carries them where fragments are longer, so that players know of them before', async () => {
    const { outDir } = await run([inFragments('film-180.mp4', [rendition(320, 180)])], {
      fragmentDurationSeconds: 3,
    });
    const types = boxesIn(readFileSync(join(outDir, 'video-180p.mp4'))).map(({ type }) => type);
    expect(types.join(' ')).toBe('ftyp moov sidx emsg emsg moof mdat');
    expect(eventsIn(outDir, 'video-180p.mp4')).toEqual([first, asVersion1]);
  });

  it('carries those of audio alone', async () => {
    const audio = inFragments('film.de.mp4', [voice(2)]);
    const { outDir, mpd } = await run([audio]);
    expect(eventsIn(outDir, 'audio-de.mp4')).toHaveLength(2);
    expect(mpd).toContain('<InbandEventStream');
  });

  it('announces what some of a set have, and warns', async () => {
    const { mpd, warnings } = await run([
      inFragments('film-180.mp4', [rendition(320, 180)], [[first]]),
      inFragments('film-90.mp4', [rendition(160, 90)], []),
    ]);
    expect(mpd.match(/<InbandEventStream/g)).toHaveLength(1);
    expect(warnings).toEqual([expect.stringMatching(`no events of ${ID3} while they play video-90p:`)]);
  });

  it('names the file with a box that cannot be read', async () => {
    const broken = inFragments('film-180.mp4', [rendition(320, 180)], [[emsgCut()]]);
    await expect(run([broken])).rejects.toMatchObject({
      code: 'MALFORMED_INPUT',
      details: { boxPath: 'emsg', path: broken },
    });
  });

  function emsgCut() {
    const cut = Buffer.from(first.subarray(0, 20));
    cut.writeUInt32BE(20);
    return cut;
  }
});
