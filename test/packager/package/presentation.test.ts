import { beforeAll, describe, expect, it } from 'vitest';
import type { FileAddressing } from '../../../src/manifest/addressing.js';
import type { Presentation, SwitchingSet } from '../../../src/manifest/presentation.js';
import { assignKeys } from '../../../src/packager/key-assignment.js';
import { planTexts } from '../../../src/packager/package/planned-text.js';
import { presentationOf, type Signalling } from '../../../src/packager/package/presentation.js';
import { withTitle } from '../../../src/packager/package/title.js';
import { planMedia } from '../../../src/packager/package/title-plan.js';
import { addressingOf } from '../../../src/packager/package/track-addressing.js';
import type { PackageOptions } from '../../../src/packager/package/types.js';
import { testKeys } from '../../support/jobs.js';
import { CUTS, writeLadder } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const LA_URL = 'https://drm.example.com/rm.asmx';
const describe_ = { 'film.de.m4a': { role: 'description', name: 'Deutsch' } };
let inputs: string[];

beforeAll(() => {
  inputs = writeLadder(temporary('ladder'));
});

function presented(
  options: Partial<PackageOptions> = {},
  signalling: Partial<Signalling> = {},
): Promise<Presentation> {
  const all: PackageOptions = {
    inputs,
    outDir: temporary('out'),
    describe: describe_,
    keys: testKeys,
    playready: { laUrl: LA_URL },
    ...CUTS,
    ...options,
  };
  return withTitle(all, async ({ tracks, texts, cuts }) => {
    const keys = await assignKeys(
      tracks.map(({ described }) => described),
      'film',
      all,
    );
    const media = await planMedia(tracks, keys, cuts, all);
    const baseOf = (id: string) => `${id}.v2`;
    const planned = planTexts(texts, addressingOf(media.tracks[0], ''), baseOf);
    return presentationOf(media, planned, baseOf, signalling);
  });
}

const namesOf = ({ protection }: SwitchingSet) => protection?.systems.map(({ name }) => name);

describe('presentationOf', () => {
  it('has a set for each ladder, language and file of subtitles', async () => {
    const { switchingSets } = await presented();
    expect(
      switchingSets.map(({ kind, id, representations }) => [kind, id, representations.map((one) => one.id)]),
    ).toEqual([
      ['video', 1, ['video-180p.v2', 'video-90p.v2']],
      ['audio', 2, ['audio-und.v2']],
      ['audio', 3, ['audio-de-description.v2']],
      ['text', 4, ['text-en.v2']],
    ]);
    expect(switchingSets[2]).toMatchObject({
      language: 'de',
      label: 'Deutsch',
      roles: ['description'],
      accessibility: ['description'],
    });
    expect(switchingSets[3]).not.toHaveProperty('protection');
  });

  it('knows where segments are, and the pictures that they begin with', async () => {
    const { switchingSets, durationSeconds } = await presented();
    const { addressing, frameRate } = switchingSets[0].representations[0] as unknown as {
      addressing: FileAddressing;
      frameRate: unknown;
    };
    expect(addressing).toMatchObject({ kind: 'file', uri: 'video-180p.v2.mp4', timescaleHz: 12_800 });
    expect(frameRate).toEqual({ numerator: 12_800, denominator: 512 });
    expect(addressing.indexRange.startBytes).toBe(addressing.initRange.endBytes);
    const { segments, iFrames } = addressing;
    // 3 seconds: segments of 2 and of 1, one behind the other
    expect(segments.map(({ startTicks, durationTicks }) => [startTicks, durationTicks])).toEqual([
      [0, 25_600],
      [25_600, 12_800],
    ]);
    expect(segments[0].offsetBytes).toBe(addressing.indexRange.endBytes);
    expect(segments[1].offsetBytes).toBe(segments[0].offsetBytes + segments[0].sizeBytes);
    expect(iFrames!.map(({ offsetBytes }) => offsetBytes)).toEqual(
      segments.map(({ offsetBytes }) => offsetBytes),
    );
    for (const [i, { sizeBytes }] of iFrames!.entries())
      expect(sizeBytes).toBeLessThan(segments[i].sizeBytes);
    // 141 audio frames of 1024 samples: 3.008 s, longer than 75 pictures
    expect(durationSeconds).toBeCloseTo((141 * 1024) / 48_000, 6);
  });

  it('cuts subtitles with the video', async () => {
    const { switchingSets } = await presented();
    expect(switchingSets[3].representations[0]).toMatchObject({
      mimeType: 'text/vtt',
      addressing: { kind: 'whole', uri: 'text-en.v2.vtt' },
      webVttSegments: { mediaUri: 'text-en.v2-$Number%05d$.vtt', startNumber: 1, segments: [{}, {}] },
    });
  });

  it('says what each system needs, and Clear Key in the media playlists alone', async () => {
    const { switchingSets, session } = await presented({ systems: ['playready', 'common', 'widevine'] });
    expect(namesOf(switchingSets[0])).toEqual(['playready', 'other', 'clearkey', 'widevine']);
    expect(switchingSets[0].protection!.systems[0]).toMatchObject({ licenseUrl: LA_URL });
    expect(session![0].systems.map(({ name }) => name)).toEqual(['playready', 'other', 'widevine']);
  });

  it('adds FairPlay with the KID in its URI', async () => {
    const { switchingSets } = await presented({ scheme: 'cbcs' }, { fairplayUri: 'skd://x/{kid}?k={kid}' });
    const { kid, systems } = switchingSets[0].protection!;
    const hex = kid.replaceAll('-', '');
    expect(systems.at(-1)).toMatchObject({ name: 'fairplay', keyUri: `skd://x/${hex}?k=${hex}` });
  });
});
