import { describe, expect, it } from 'vitest';
import { cutTitle } from '../../../src/packager/package/boundaries.js';
import { nameTracks } from '../../../src/packager/package/representations.js';
import type { BuiltTrack } from '../../support/builder/movie.js';
import { rendition, voice } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';
import { mediaOf } from './media.js';

const temporary = temporaryFolder();

async function titleOf(...files: readonly (readonly [string, readonly BuiltTrack[]])[]) {
  const media = [];
  for (const [name, tracks] of files) media.push(...(await mediaOf(temporary(name), tracks)));
  return nameTracks(media);
}

/** The sync samples of the track are these. */
const syncAt = (track: BuiltTrack, ...places: readonly number[]): BuiltTrack => ({
  ...track,
  samples: track.samples.map((one, i) => ({ ...one, sync: places.includes(i) })),
});

describe('cutTitle', () => {
  it('cuts all tracks where the first has sync samples, and begins segments with fragments', async () => {
    const tracks = await titleOf(
      ['a.mp4', [rendition(320, 180), voice(1, 2)]],
      ['b.mp4', [rendition(160, 90)]],
    );
    const { fragmentations, segmentStarts } = cutTitle(tracks, 1, 2);
    const firstSamples = fragmentations.map(({ cuts }) => [...cuts.firstSample[0]]);
    // 48000 / 1024 audio frames a second, the first of each fragment at or behind the cut
    expect(firstSamples).toEqual([
      [0, 25, 50, 75],
      [0, 47, 94, 141],
      [0, 25, 50, 75],
    ]);
    expect(segmentStarts).toEqual([
      [0, 2, 3],
      [0, 2, 3],
      [0, 2, 3],
    ]);
  });

  it('takes sync samples that only the first has as no place to cut, when fragments are longer', async () => {
    const other = syncAt(rendition(160, 90), 0, 50);
    const tracks = await titleOf(['a.mp4', [rendition(320, 180)]], ['b.mp4', [other]]);
    const { fragmentations } = cutTitle(tracks, 2, 2);
    expect([...fragmentations[1].cuts.firstSample[0]]).toEqual([0, 50, 75]);
  });

  it('refuses renditions without common sync samples, with file and time', async () => {
    const other = syncAt(rendition(160, 90), 0, 30, 50);
    const tracks = await titleOf(['a.mp4', [rendition(320, 180)]], ['b.mp4', [other]]);
    expect(() => cutTitle(tracks, 1, 2)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringMatching(/b\.mp4 has no sync sample where .*a\.mp4 has one, at 1\.000 s/),
        details: expect.objectContaining({
          path: temporary('b.mp4'),
          remedy: expect.stringContaining('-force_key_frames'),
        }),
      }),
    );
  });

  it('refuses renditions of which one ends earlier', async () => {
    const short = rendition(160, 90);
    const tracks = await titleOf(
      ['a.mp4', [rendition(320, 180)]],
      ['b.mp4', [{ ...short, samples: short.samples.slice(0, 40) }]],
    );
    expect(() => cutTitle(tracks, 1, 2)).toThrow(/b\.mp4 has no sync sample .* at 2\.000 s/);
  });

  it.each([2200, 500])('refuses a track that begins %d ms late', async (ms) => {
    const edits = [
      { duration: ms, mediaTime: -1 },
      { duration: 800, mediaTime: 0 },
    ];
    const tracks = await titleOf(['a.mp4', [rendition(320, 180)]], ['b.mp4', [{ ...voice(1), edits }]]);
    expect(() => cutTitle(tracks, 1, 2)).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        message: expect.stringMatching(/b\.mp4 has nothing to play at 0\.000 s, where .*a\.mp4 has/),
        details: expect.objectContaining({ path: temporary('b.mp4') }),
      }),
    );
  });

  it('refuses video that begins later than its audio', async () => {
    const edits = [
      { duration: 500, mediaTime: -1 },
      { duration: 3000, mediaTime: 1024 },
    ];
    const tracks = await titleOf(['a.mp4', [{ ...rendition(320, 180), edits }]], ['b.mp4', [voice(1)]]);
    expect(() => cutTitle(tracks, 1, 2)).toThrow(
      /a\.mp4 has nothing to play at 0\.000 s, where .*b\.mp4 has/,
    );
  });

  it('lets a track end early, and begin by the priming of its encoder', async () => {
    const short = {
      ...voice(1),
      samples: voice(1).samples.slice(0, 60),
      edits: [{ duration: 1200, mediaTime: 1024 }],
    };
    const tracks = await titleOf(['a.mp4', [rendition(320, 180)]], ['b.mp4', [short]]);
    expect(cutTitle(tracks, 1, 2).segmentStarts).toEqual([
      [0, 2, 3],
      [0, 2],
    ]);
  });

  it('cuts audio alone by its own samples', async () => {
    const tracks = await titleOf(['a.m4a', [voice(1)]], ['b.m4a', [voice(2)]]);
    const { fragmentations } = cutTitle(tracks, 1, 2);
    expect(fragmentations.map(({ cuts }) => cuts.count)).toEqual([3, 3]);
  });
});
