import { describe, expect, it } from 'vitest';
import { iFramesOf, mapOf, mediaPlaylist, segmentsOf } from '../../../src/manifest/hls/media-playlist.js';
import { fileOf, segmentsIn } from '../examples.js';

const KEY = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://1"';

describe('a media playlist', () => {
  it('of one file has ranges with offsets, behind the index', () => {
    const addressing = fileOf('v.mp4', [1000, 3000]);
    const span = { map: mapOf(addressing), keys: [KEY], segments: segmentsOf(addressing) };
    expect(mediaPlaylist([span], { targetSeconds: 2 })).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="v.mp4",BYTERANGE="100@0"
${KEY}
#EXTINF:2.000000,
#EXT-X-BYTERANGE:1000@180
v.mp4
#EXTINF:2.000000,
#EXT-X-BYTERANGE:3000@1180
v.mp4
#EXT-X-ENDLIST
`);
  });

  it('of segments has their names', () => {
    const addressing = segmentsIn('v', [1000, 3000]);
    const span = { map: mapOf(addressing), keys: [], segments: segmentsOf(addressing) };
    expect(mediaPlaylist([span], { targetSeconds: 2 })).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="v/init.mp4"
#EXTINF:2.000000,
v/1.m4s
#EXTINF:2.000000,
v/2.m4s
#EXT-X-ENDLIST
`);
  });

  it('of I-frames has each until the next', () => {
    const addressing = {
      ...segmentsIn('v', [1000, 3000]),
      iFrames: [
        { startTicks: 0, segmentIndex: 0, offsetBytes: 0, sizeBytes: 400 },
        { startTicks: 12800, segmentIndex: 0, offsetBytes: 500, sizeBytes: 300 },
        { startTicks: 25600, segmentIndex: 1, offsetBytes: 0, sizeBytes: 600 },
      ],
    };
    const span = { map: mapOf(addressing), keys: [], segments: iFramesOf(addressing) };
    expect(mediaPlaylist([span], { targetSeconds: 2, only: 'I-FRAMES' })).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="v/init.mp4"
#EXTINF:1.000000,
#EXT-X-BYTERANGE:400@0
v/1.m4s
#EXTINF:1.000000,
#EXT-X-BYTERANGE:300@500
v/1.m4s
#EXTINF:2.000000,
#EXT-X-BYTERANGE:600@0
v/2.m4s
#EXT-X-ENDLIST
`);
  });

  it('starts again with header and keys where they change', () => {
    const span = (name: string, keys: string[]) => ({
      map: { uri: `${name}/init.mp4` },
      keys,
      segments: [{ uri: `${name}/1.m4s`, durationMicroseconds: 2_000_000, sizeBytes: 1 }],
    });
    expect(mediaPlaylist([span('a', []), span('b', [KEY])], { targetSeconds: 2 })).toContain(`a/1.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="b/init.mp4"
${KEY}
#EXTINF:2.000000,
b/1.m4s
`);
  });
});
