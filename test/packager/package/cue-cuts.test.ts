import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { placeCues } from '../../../src/packager/package/cue-cuts.js';
import { nameTracks, type TitleTrack } from '../../../src/packager/package/representations.js';
import { byRank } from '../../../src/packager/package/title.js';
import { rendition, voice } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';
import { mediaOf } from './media.js';

const temporary = temporaryFolder();

/** Three seconds with a sync sample a second, and sound. */
async function title(): Promise<TitleTrack[]> {
  const folder = temporary('');
  const video = await mediaOf(join(folder, 'film.mp4'), [rendition(320, 180)]);
  const audio = await mediaOf(join(folder, 'film.m4a'), [voice(1)]);
  return nameTracks([...audio, ...video].sort(byRank));
}

describe('placeCues', () => {
  it('moves cues to the sync samples next to them, and says which those are', async () => {
    const cues = [
      { seconds: 0.96, id: 7 },
      { seconds: 2.05, scte35: '/DAA' },
    ];
    expect(placeCues(await title(), cues)).toEqual({
      cues: [
        { seconds: 1, id: 7 },
        { seconds: 2, scte35: '/DAA' },
      ],
      seconds: [1, 2],
      samples: new Set([25, 50]), // at 25 pictures a second
    });
  });

  it('moves the end of a break, too, and counts its duration between the two', async () => {
    const { cues, seconds, samples } = placeCues(await title(), [{ seconds: 0.03, durationSeconds: 1.99 }]);
    expect(cues).toEqual([{ seconds: 0, durationSeconds: 2 }]);
    expect({ seconds, samples }).toEqual({ seconds: [0, 2], samples: new Set([0, 50]) });
  });

  it('looks for no end of a break that lasts as long as the title, or nearly, or longer', async () => {
    for (const durationSeconds of [0.96, 1, 600]) {
      const given = [{ seconds: 2, durationSeconds }];
      expect(placeCues(await title(), given)).toEqual({ cues: given, seconds: [2], samples: new Set([50]) });
    }
  });

  it.each([
    ['a cue', { seconds: 1.06 }, '1.060', '1.000'],
    ['a cue between two', { seconds: 1.6 }, '1.600', '2.000'],
    ['a cue behind the title', { seconds: 60 }, '60.000', '2.000'],
    ['the end of a break', { seconds: 0, durationSeconds: 2.9 }, '2.900', '2.000'],
  ])('refuses %s with no sync sample in reach, and names the nearest', async (_, cue, wanted, nearest) => {
    const tracks = await title();
    expect(() => placeCues(tracks, [cue])).toThrow(
      expect.objectContaining({
        code: 'UNSUPPORTED_FEATURE',
        details: expect.objectContaining({
          path: tracks[0].input,
          expected: `a sync sample at ${wanted} s`,
          received: `the nearest one at ${nearest} s`,
        }),
      }),
    );
  });

  it('goes by frames of audio where there is nothing else', async () => {
    const audio = nameTracks(await mediaOf(temporary('alone.m4a'), [voice(1)]));
    // Frames of 1024 samples at 48 kHz: the nearest to 1 s is the 47th, at 47 * 1024 / 48000 s.
    const { cues, samples } = placeCues(audio, [{ seconds: 1 }]);
    expect(cues[0].seconds).toBeCloseTo(1.00267, 4);
    expect(samples).toEqual(new Set([47]));
  });
});
