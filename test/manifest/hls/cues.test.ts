import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { cueTags } from '../../../src/manifest/hls/cues.js';
import { writeHls } from '../../../src/manifest/hls/playlists.js';
import { fileOf, ON_DEMAND } from '../examples.js';

HLS.setOptions({ strictMode: true });

describe('cueTags', () => {
  it('has a break from the segment at its start to the one at its end', () => {
    const cues = [{ seconds: 2, durationSeconds: 4, scte35: '/DAA' }];
    expect([...cueTags(cues, fileOf('v.mp4'))]).toEqual([
      [1, ['#EXT-OATCLS-SCTE35:/DAA', '#EXT-X-CUE-OUT:4.000']],
      [3, ['#EXT-X-CUE-IN']],
    ]);
  });

  it('ends one break before the next begins, and none that lasts until the end', () => {
    const cues = [{ seconds: 0, durationSeconds: 2 }, { seconds: 2 }, { seconds: 6, durationSeconds: 2 }];
    expect([...cueTags(cues, fileOf('v.mp4'))]).toEqual([
      [0, ['#EXT-X-CUE-OUT:2.000']],
      [1, ['#EXT-X-CUE-IN', '#EXT-X-CUE-OUT', '#EXT-X-CUE-IN']],
      [3, ['#EXT-X-CUE-OUT:2.000']],
    ]);
  });

  it('ends a break at once that is a time alone, and leaves one open of which SCTE 35 knows the end', () => {
    const cues = [{ seconds: 2 }, { seconds: 4, scte35: '/DAA' }];
    expect([...cueTags(cues, fileOf('v.mp4'))]).toEqual([
      [1, ['#EXT-X-CUE-OUT', '#EXT-X-CUE-IN']],
      [2, ['#EXT-OATCLS-SCTE35:/DAA', '#EXT-X-CUE-OUT']],
    ]);
  });

  it('finds segments that begin with the next whole frame of audio', () => {
    expect([...cueTags([{ seconds: 1.99 }], fileOf('a.mp4')).keys()]).toEqual([1]);
    expect([...cueTags([{ seconds: 3 }], fileOf('a.mp4')).keys()]).toEqual([]);
  });
});

describe('playlists with cues', () => {
  it('are what a strict reader takes, and all have them', () => {
    const { media } = writeHls({ ...ON_DEMAND, cues: [{ seconds: 2, durationSeconds: 4 }] });
    for (const text of media.values()) {
      const { segments } = HLS.parse(text) as HLS.types.MediaPlaylist;
      expect(segments.map(({ markers }) => markers.map(({ type, duration }) => [type, duration]))).toEqual([
        [],
        [['OUT', 4]],
        [],
        [['IN', undefined]],
      ]);
    }
  });
});
