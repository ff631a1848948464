import HLS from 'hls-parser';
import { describe, expect, it } from 'vitest';
import { writeHls } from '../../../src/manifest/hls/playlists.js';
import { ON_DEMAND, THUMBNAILS } from '../examples.js';

HLS.setOptions({ strictMode: true });

const [sheets] = THUMBNAILS.representations;
const TWO_SHEETS = {
  ...THUMBNAILS,
  representations: [
    {
      ...sheets,
      sheetTicks: 5,
      addressing: {
        ...sheets.addressing,
        segments: [
          { startTicks: 0, durationTicks: 5, sizeBytes: 5000 },
          { startTicks: 5, durationTicks: 3, sizeBytes: 3000 },
        ],
      },
    },
  ],
};
const { multivariant, media } = writeHls({
  durationSeconds: 8,
  switchingSets: [...ON_DEMAND.switchingSets, TWO_SHEETS],
});

describe('an image playlist', () => {
  it('has the size, number and duration of tiles for each sheet', () => {
    // 1600x900 pixels in 10x10 tiles; 5 s a sheet of 100 tiles
    expect(media.get('tiles.m3u8')).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:5
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-IMAGES-ONLY
#EXTINF:5.000000,
#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=0.050000
tiles/1.jpg
#EXTINF:3.000000,
#EXT-X-TILES:RESOLUTION=160x90,LAYOUT=10x10,DURATION=0.050000
tiles/2.jpg
#EXT-X-ENDLIST
`);
  });

  it('leaves the target duration of the others alone', () => {
    expect(media.get('v720.m3u8')).toContain('#EXT-X-TARGETDURATION:2\n');
  });

  it('is named with its rates: both sheets have 8,000 bits a second', () => {
    expect(multivariant).toContain(
      '#EXT-X-IMAGE-STREAM-INF:BANDWIDTH=8000,AVERAGE-BANDWIDTH=8000,RESOLUTION=160x90,CODECS="jpeg",URI="tiles.m3u8"\n',
    );
  });

  it('is nothing that a strict reader takes offence at', () => {
    expect(() => [multivariant, ...media.values()].map((text) => HLS.parse(text))).not.toThrow();
  });
});
