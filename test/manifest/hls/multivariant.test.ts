import { describe, expect, it } from 'vitest';
import { writeHls } from '../../../src/manifest/hls/playlists.js';
import type {
  AudioChannels,
  AudioSet,
  Presentation,
  SwitchingSet,
  TextSet,
} from '../../../src/manifest/presentation.js';
import {
  audio,
  fileOf,
  linesWith,
  ON_DEMAND,
  protectionOf,
  TEXT,
  VIDEO,
  VIDEO_KID,
  video,
} from '../examples.js';

function multivariantOf(...switchingSets: SwitchingSet[]): string {
  return writeHls({ durationSeconds: 8, switchingSets }).multivariant;
}

function audioIn(
  id: number,
  language: string,
  codecs: string,
  channels: AudioChannels,
  size = 300,
): AudioSet {
  const set = audio(id, language, language === 'en' ? 'English' : 'Deutsch');
  const name = `${codecs.split('.')[0]}-${language}-${id}`;
  const addressing = fileOf(`${name}.mp4`, [size, size, size, size]);
  return { ...set, representations: [{ ...set.representations[0], id: name, codecs, channels, addressing }] };
}

const ENGLISH = audio(2, 'en', 'English');
const GERMAN = audio(3, 'de', 'Deutsch');
/** GROUP-ID, NAME and what follows, of each line. */
const mediaOf = (text: string) =>
  linesWith(text, 'EXT-X-MEDIA').map((line) => line.replace(/^TYPE=[A-Z]+,/, ''));

describe('the multivariant playlist', () => {
  it('lists keys, groups, variants and I-frames', () => {
    const iFrames = [{ startTicks: 0, segmentIndex: 0, offsetBytes: 180, sizeBytes: 800 }];
    const withIFrames = { ...video('v360', 360), addressing: { ...fileOf('v360.mp4'), iFrames } };
    const { protection: _, ...clear } = VIDEO;
    const { protection: __, ...clearAudio } = ENGLISH;
    const presentation: Presentation = {
      durationSeconds: 8,
      switchingSets: [{ ...clear, representations: [withIFrames] }, clearAudio, TEXT],
    };
    // The I-frame lasts until the end, 8 s, which is the target of all: peaks are over runs of 4 to 12 s.
    // Video: (3000 + 2000) × 8 / 4 s = 10000; audio: 300 × 8 / 2 s = 1200; text: 100 × 8 / 2 s = 400.
    // Averages: 8000 × 8 / 8 s = 8000, 1200, 400. I-frames: 800 × 8 / 8 s = 800.
    expect(writeHls(presentation).multivariant).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac-2",NAME="English",LANGUAGE="en",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="a-en.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subs",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="t-en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=${10000 + 1200 + 400},AVERAGE-BANDWIDTH=9600,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=25.000,VIDEO-RANGE=SDR,AUDIO="aac-2",SUBTITLES="subs",CLOSED-CAPTIONS=NONE
v360.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=800,AVERAGE-BANDWIDTH=800,CODECS="avc1.64001f",RESOLUTION=640x360,VIDEO-RANGE=SDR,URI="v360-iframes.m3u8"
`);
  });

  it('has keys of all sets', () => {
    expect(linesWith(writeHls(ON_DEMAND).multivariant, 'EXT-X-SESSION-KEY')).toHaveLength(4);
  });

  it('adds the largest peak of the group to that of the video', () => {
    const large = audioIn(3, 'de', 'mp4a.40.2', { count: 2 }, 500);
    for (const sets of [
      [ENGLISH, large],
      [large, ENGLISH],
    ]) {
      const [variant] = linesWith(multivariantOf(VIDEO, ...sets), 'EXT-X-STREAM-INF');
      // 3000 × 8 / 2 s + 500 × 8 / 2 s; 8000 × 8 / 8 s + 2000 × 8 / 8 s
      expect(variant).toMatch(/^BANDWIDTH=14000,AVERAGE-BANDWIDTH=10000,/);
    }
  });

  it('lists each video once a codec of audio, and names both codecs', () => {
    const text = multivariantOf(VIDEO, ENGLISH, audioIn(5, 'en', 'ec-3', { count: 6, jocComplexity: 16 }));
    expect(mediaOf(text)).toEqual([
      expect.stringMatching(/^GROUP-ID="aac-2",NAME="English",.*CHANNELS="2",URI="a-en.m3u8"$/),
      expect.stringMatching(
        /^GROUP-ID="ec3-16-joc",NAME="English",.*CHANNELS="16\/JOC",URI="ec-3-en-5.m3u8"$/,
      ),
    ]);
    const variants = linesWith(text, 'EXT-X-STREAM-INF');
    expect(variants.map((line) => /CODECS="([^"]*)".*AUDIO="([^"]*)"/.exec(line)?.slice(1))).toEqual([
      ['avc1.64001f,mp4a.40.2', 'aac-2'],
      ['avc1.64001f,mp4a.40.2', 'aac-2'],
      ['avc1.64001f,ec-3', 'ec3-16-joc'],
      ['avc1.64001f,ec-3', 'ec3-16-joc'],
    ]);
  });

  it('gives every group the same members: a language that a codec lacks is there in the first', () => {
    const text = multivariantOf(VIDEO, ENGLISH, GERMAN, audioIn(5, 'en', 'ec-3', { count: 6 }));
    expect(
      mediaOf(text).map((line) => /GROUP-ID="(.*?)",NAME="(.*?)",.*URI="(.*)"/.exec(line)?.slice(1)),
    ).toEqual([
      ['aac-2', 'English', 'a-en.m3u8'],
      ['aac-2', 'Deutsch', 'a-de.m3u8'],
      ['ec3-6', 'English', 'ec-3-en-5.m3u8'],
      ['ec3-6', 'Deutsch', 'a-de.m3u8'],
    ]);
    expect(linesWith(text, 'EXT-X-STREAM-INF').at(-1)).toContain('CODECS="avc1.64001f,ec-3,mp4a.40.2"');
  });

  it('has a group a rate, in the same set or in one of another key', () => {
    const [low] = audioIn(2, 'en', 'mp4a.40.2', { count: 2 }, 100).representations;
    const [high] = audioIn(3, 'en', 'mp4a.40.2', { count: 2 }, 900).representations;
    const german = audioIn(4, 'de', 'mp4a.40.2', { count: 2 }, 90);
    const [germanHigh] = audioIn(5, 'de', 'mp4a.40.2', { count: 2 }, 800).representations;
    const groups = [
      ['aac-2', 'mp4a-en-2.m3u8'],
      ['aac-2', 'mp4a-de-4.m3u8'],
      ['aac-2-2', 'mp4a-en-3.m3u8'],
      ['aac-2-2', 'mp4a-de-5.m3u8'],
    ];
    const groupsOf = (...sets: SwitchingSet[]) =>
      mediaOf(multivariantOf(VIDEO, ...sets)).map((line) =>
        /GROUP-ID="(.*?)".*URI="(.*)"/.exec(line)?.slice(1),
      );
    const inOneSet = { ...ENGLISH, representations: [low, high] };
    expect(
      groupsOf(inOneSet, { ...german, representations: [germanHigh, ...german.representations] }),
    ).toEqual(groups);
    const keyOfHigh = { ...ENGLISH, id: 6, protection: protectionOf(VIDEO_KID), representations: [high] };
    expect(groupsOf({ ...ENGLISH, representations: [low] }, keyOfHigh, german)).toEqual([
      ...groups.slice(0, 3),
      ['aac-2-2', 'mp4a-de-4.m3u8'],
    ]);
  });

  it('joins no audio of one scheme with video of another', () => {
    const cbcs = (set: typeof VIDEO | AudioSet) => ({ ...set, protection: protectionOf(VIDEO_KID, 'cbcs') });
    const cbcsVideo = { ...cbcs(VIDEO), id: 6, representations: [video('cbcs', 360)] } as typeof VIDEO;
    const cbcsAudio = cbcs(audioIn(5, 'en', 'mp4a.40.2', { count: 2 })) as AudioSet;
    const text = multivariantOf(VIDEO, cbcsVideo, ENGLISH, cbcsAudio);
    const variants = text
      .split('\n')
      .filter((line) => line.startsWith('#EXT-X-STREAM') || /^[^#]/.test(line));
    expect(variants.map((line) => /AUDIO="(.*?)"/.exec(line)?.[1] ?? line)).toEqual([
      ...['aac-2', 'v720.m3u8', 'aac-2', 'v360.m3u8'],
      ...['aac-2-2', 'cbcs.m3u8'],
    ]);
  });

  it('has one default, and selects by itself only what a player can tell apart', () => {
    const flagsOf = (...sets: SwitchingSet[]) =>
      mediaOf(multivariantOf(VIDEO, ...sets)).map((line) =>
        /NAME="(.*?)".*DEFAULT=([A-Z]+),AUTOSELECT=([A-Z]+)/.exec(line)?.slice(1),
      );
    const commentary: AudioSet = { ...audioIn(5, 'en', 'mp4a.40.2', { count: 2 }), roles: ['commentary'] };
    const described: AudioSet = {
      ...audioIn(6, 'en', 'mp4a.40.2', { count: 2 }),
      accessibility: ['description'],
    };
    const germanMain: AudioSet = { ...GERMAN, roles: ['main'] };
    expect(flagsOf(ENGLISH, germanMain, commentary, described)).toEqual([
      ['English', 'NO', 'YES'],
      ['Deutsch', 'YES', 'YES'],
      ['English 2', 'NO', 'NO'],
      ['English 3', 'NO', 'YES'],
    ]);
    const french: AudioSet = { ...audioIn(8, 'fr', 'mp4a.40.2', { count: 2 }), roles: ['commentary'] };
    expect(flagsOf(ENGLISH, french)[1]).toEqual(['Deutsch', 'NO', 'NO']);
    const other: AudioSet = { ...audioIn(7, 'en', 'mp4a.40.2', { count: 2 }), label: 'Another mix' };
    expect(flagsOf(ENGLISH, other)).toEqual([
      ['English', 'YES', 'YES'],
      ['Another mix', 'NO', 'NO'],
    ]);
  });

  it('names what has no label by language and kind', () => {
    const { label: _, ...unnamed } = audioIn(5, 'eng', 'mp4a.40.2', { count: 2 });
    const commentary: AudioSet = { ...unnamed, roles: ['commentary'] };
    expect(mediaOf(multivariantOf(VIDEO, commentary))[0]).toContain('NAME="en (commentary)",LANGUAGE="en"');
  });

  it('says for whom a rendition is', () => {
    const described: AudioSet = { ...ENGLISH, accessibility: ['description'] };
    const captions: TextSet = { ...TEXT, roles: ['caption'], accessibility: ['caption'] };
    const forced: TextSet = {
      ...TEXT,
      id: 10,
      roles: ['forced-subtitle'],
      representations: TEXT.representations.map((one) => ({ ...one, id: 'forced' })),
    };
    const [first, second, third] = mediaOf(multivariantOf(VIDEO, described, captions, forced));
    expect(first).toContain('CHARACTERISTICS="public.accessibility.describes-video"');
    expect(second).toContain(
      'CHARACTERISTICS="public.accessibility.transcribes-spoken-dialog,public.accessibility.describes-music-and-sound",FORCED=NO',
    );
    expect(third).toMatch(/DEFAULT=NO,AUTOSELECT=YES,FORCED=YES/);
  });

  it('says what the pictures are', () => {
    const hdr = {
      ...video('hdr', 1080),
      codecs: 'hvc1.2.4.L93.B0',
      supplementalCodecs: { codecs: 'dvh1.08.07', profile: 'db4h' },
      frameRate: { numerator: 60000, denominator: 1001 },
      hdcpLevel: 'TYPE-1' as const,
      widthPixels: 1440,
      sampleAspectRatio: { numerator: 4, denominator: 3 },
    };
    const hlg = { ...VIDEO, colour: { primaries: 9, transfer: 18, matrix: 9 }, representations: [hdr] };
    const [variant] = linesWith(multivariantOf(hlg), 'EXT-X-STREAM-INF');
    expect(variant).toContain(
      'CODECS="hvc1.2.4.L93.B0",SUPPLEMENTAL-CODECS="dvh1.08.07/db4h",RESOLUTION=1920x1080,FRAME-RATE=59.940,VIDEO-RANGE=HLG,HDCP-LEVEL=TYPE-1,CLOSED-CAPTIONS=NONE',
    );
    const pq = { ...hlg, colour: { primaries: 9, transfer: 16, matrix: 9 } };
    expect(linesWith(multivariantOf(pq), 'EXT-X-STREAM-INF')[0]).toContain('VIDEO-RANGE=PQ');
    // Dolby Vision whose pictures are PQ without a word of it, and one over SDR
    for (const [codecs, range] of [
      ['dvh1.05.06', 'PQ'],
      ['dav1.10.06', 'PQ'],
      ['dvav.09.03', 'SDR'],
    ] as const) {
      const { colour: _, ...plain } = { ...hlg, representations: [{ ...video('dv', 1080), codecs }] };
      expect(linesWith(multivariantOf(plain), 'EXT-X-STREAM-INF')[0]).toContain(`VIDEO-RANGE=${range}`);
    }
  });

  it('has the groups of audio as variants where there is no video', () => {
    const text = multivariantOf(GERMAN, { ...ENGLISH, roles: ['main'] });
    expect(text).toMatch(
      /#EXT-X-STREAM-INF:BANDWIDTH=1200,AVERAGE-BANDWIDTH=1200,CODECS="mp4a.40.2",AUDIO="aac-2"\na-en.m3u8\n$/,
    );
  });

  it('leaves out sets for fast forward, and files of TTML', () => {
    const trickPlay = {
      ...VIDEO,
      id: 5,
      trickPlay: { ofSetId: 1, maxPlayoutRate: 8 },
      representations: [video('t', 360)],
    };
    const ttml: TextSet = {
      ...TEXT,
      representations: [
        {
          id: 'ttml',
          mimeType: 'application/ttml+xml',
          addressing: { kind: 'whole', uri: 't.ttml', sizeBytes: 9 },
        },
      ],
    };
    const text = multivariantOf(VIDEO, trickPlay, ttml);
    expect(linesWith(text, 'EXT-X-STREAM-INF')).toHaveLength(2);
    expect(text).not.toContain('SUBTITLES');
  });

  it('names text in MP4 among the codecs, and prefers files of WebVTT', () => {
    const wvtt: TextSet = {
      ...TEXT,
      id: 10,
      representations: [
        { id: 'wvtt', mimeType: 'application/mp4', codecs: 'wvtt', addressing: fileOf('wvtt.mp4') },
      ],
    };
    expect(multivariantOf(VIDEO, wvtt)).toContain('CODECS="avc1.64001f,wvtt"');
    const both = multivariantOf(VIDEO, wvtt, TEXT);
    expect(both).toContain('CODECS="avc1.64001f"');
    expect(both).toContain('URI="t-en.m3u8"');
  });
});
