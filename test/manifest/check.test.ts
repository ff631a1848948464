import { describe, expect, it } from 'vitest';
import { checkManifests } from '../../src/manifest/check.js';
import { writeMpd } from '../../src/manifest/dash/mpd.js';
import { type HlsPlaylists, writeHls } from '../../src/manifest/hls/playlists.js';
import type { Presentation, Protection } from '../../src/manifest/presentation.js';
import {
  AUDIO_KID,
  audio,
  FILE_SIZES,
  ON_DEMAND,
  protectionOf,
  SEGMENTED,
  segmentsIn,
  THUMBNAILS,
  VIDEO,
  VIDEO_KID,
  video,
} from './examples.js';

function checkMpdText(presentation: Presentation, text: string, fileSizes = FILE_SIZES): void {
  checkManifests(presentation, { mpd: { path: 'manifest.mpd', text } }, fileSizes);
}

function checkPlaylists(
  presentation: Presentation,
  playlists = writeHls(presentation),
  sizes = FILE_SIZES,
): void {
  checkManifests(presentation, { hls: { path: 'main.m3u8', playlists } }, sizes);
}

/** The text with one change, which must be one. */
function changed(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, to);
  if (result === text) throw new Error(`nothing to change: ${from}`);
  return result;
}

/** Playlists with one text changed. */
function withPlaylist(
  { multivariant, media }: HlsPlaylists,
  uri: string,
  change: (text: string) => string,
): HlsPlaylists {
  const text = media.get(uri);
  if (text === undefined) return { multivariant: change(multivariant), media };
  return { multivariant, media: new Map([...media, [uri, change(text)]]) };
}

const withoutFile = (uri: string) => new Map([...FILE_SIZES].filter(([name]) => name !== uri));
const refused = (path: string, problem: RegExp) =>
  expect.objectContaining({
    code: 'OUTPUT_CHECK_FAILED',
    message: expect.stringMatching(problem),
    details: expect.objectContaining({ path, remedy: expect.any(String) }),
  });

describe('manifests of what is there', () => {
  it.each([
    ['files', ON_DEMAND],
    ['segments', SEGMENTED],
    ['thumbnails', { ...ON_DEMAND, switchingSets: [...ON_DEMAND.switchingSets, THUMBNAILS] }],
  ])('pass: %s', (_, presentation) => {
    const sizes = new Map([...FILE_SIZES, ['tiles/1.jpg', 5000] as const]);
    checkMpdText(presentation, writeMpd(presentation), sizes);
    checkPlaylists(presentation);
  });

  it('pass without an index between header and segments', () => {
    const playlists = withPlaylist(writeHls(ON_DEMAND), 'v720.m3u8', (text) =>
      changed(text, 'BYTERANGE="100@0"', 'BYTERANGE="180@0"'),
    );
    checkPlaylists(ON_DEMAND, playlists);
  });

  it('pass with signalling of Clear Key, FairPlay, and a key server', () => {
    const systems: Protection['systems'] = [
      { name: 'clearkey', systemId: 'e2719d58-a985-b3c9-781a-b030af78d30e', licenseUrl: 'https://a.example' },
      { name: 'fairplay', systemId: '94ce86fb-07ff-4f43-adb8-93d2fa968ca2' },
      {
        name: 'other',
        systemId: '793b7956-9f94-4946-a942-23e7ef7e44b4',
        given: {
          contentProtection: '<cenc:pssh>AAAA</cenc:pssh>',
          hlsKey: '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="data:text/plain;base64,AAAA",KEYFORMAT="com.example"',
        },
      },
    ];
    const set = { ...VIDEO, protection: { scheme: 'cbcs' as const, kid: VIDEO_KID, systems } };
    const presentation = { durationSeconds: 8, switchingSets: [set] };
    checkMpdText(presentation, writeMpd(presentation));
    checkPlaylists(presentation);
  });
});

describe('an MPD with a fault', () => {
  const files = writeMpd(ON_DEMAND);
  const segments = writeMpd(SEGMENTED);

  it.each<[string, string, RegExp]>([
    ['is cut off', files.slice(0, -10), /not well-formed/],
    ['has no period', '<MPD/>', /has no Period/],
    [
      'has a range beyond the file',
      changed(files, '100-179', '100-9000'),
      /bytes that v720.mp4 does not have/,
    ],
    ['has a range one byte too long', changed(files, '100-179', '100-180'), /not those given/],
    ['has a range one byte too short', changed(files, 'range="0-99"', 'range="0-98"'), /not those given/],
    ['lacks a range', changed(files, ' indexRange="100-179"', ''), /lacks the range/],
    ['names a file that is not there', changed(files, '>v360.mp4<', '>v361.mp4<'), /does not exist/],
    ['names another key', changed(files, VIDEO_KID, AUDIO_KID), /adaptation set 1 does not name its key/],
    ['names no key', changed(files, / cenc:default_KID="[^"]*"/, ''), /does not name its key/],
    ['has the box of another key', changed(files, '>ARA=<', '>ASA=<'), /not of the key of its media/],
    ['says too low a rate', changed(files, 'bandwidth="12000"', 'bandwidth="11999"'), /more bits per second/],
    ['says no rate', changed(files, 'bandwidth="12000"', ''), /no number in bandwidth/],
    ['has years in a duration', changed(files, 'PT8S', 'P1Y'), /no duration in seconds/],
    [
      'has a set too many',
      changed(files, '</Period>', '<AdaptationSet id="44"/></Period>'),
      /5 adaptation sets/,
    ],
    ['has an unknown set', changed(files, 'id="3"', 'id="33"'), /33 that was not given/],
    ['has an unknown representation', changed(files, 'id="v360"', 'id="v361"'), /v361 that was not given/],
    [
      'says of one key two things',
      changed(files, /(<AdaptationSet id="3".*?)\?a=1/s, '$1?a=2'),
      /set 3 says other things of its key/,
    ],
  ])('is refused: it %s', (_, text, problem) => {
    expect(() => checkMpdText(ON_DEMAND, text)).toThrow(refused('manifest.mpd', problem));
  });

  it.each<[string, string, RegExp]>([
    ['names a segment too many', changed(segments, 'r="3"', 'r="4"'), /v720\/5.m4s, which does not exist/],
    ['names a segment too few', changed(segments, 'r="3"', 'r="2"'), /timeline is not that/],
    ['has another duration', changed(segments, 'd="25600"', 'd="25601"'), /timeline is not that/],
    ['lacks the header', changed(segments, / initialization="[^"]*"/, ''), /no initialization/],
  ])('is refused: it %s, in segments', (_, text, problem) => {
    expect(() => checkMpdText(SEGMENTED, text)).toThrow(refused('manifest.mpd', problem));
  });

  it('is refused without a sheet of thumbnails', () => {
    const presentation = { durationSeconds: 8, switchingSets: [THUMBNAILS] };
    const sizes = new Map([...FILE_SIZES].filter(([name]) => name !== 'tiles/1.jpg'));
    expect(() => checkMpdText(presentation, writeMpd(presentation), sizes)).toThrow(
      refused('manifest.mpd', /tiles\/1.jpg, which does not exist/),
    );
  });

  it('is refused where a segment is larger than was planned', () => {
    const sizes = new Map([...FILE_SIZES, ['v720/2.m4s', 3001] as const]);
    expect(() => checkMpdText(SEGMENTED, segments, sizes)).toThrow(
      refused('manifest.mpd', /v720 needs more bits per second/),
    );
  });

  it('is refused where media have a gap', () => {
    const one = video('v720', 720);
    const gap = [...(one.addressing.segments as never[])].filter((_, index) => index !== 1);
    const addressing = { ...one.addressing, segments: gap };
    const presentation = {
      durationSeconds: 8,
      switchingSets: [{ ...VIDEO, representations: [{ ...one, addressing } as typeof one] }],
    };
    expect(() => checkMpdText(presentation, writeMpd(presentation))).toThrow(refused('manifest.mpd', /gap/));
    expect(() => checkPlaylists(presentation)).toThrow(refused('v720.m3u8', /do not follow each other/));
  });

  it('is refused where players would switch between segments that are not aligned', () => {
    const shifted = segmentsIn('v360');
    const [first, second, ...rest] = shifted.segments;
    const moved = [
      { ...first, durationTicks: 20000 },
      { ...second, startTicks: 20000, durationTicks: 31200 },
      ...rest,
    ];
    const [high] = SEGMENTED.switchingSets[0].representations as (typeof VIDEO)['representations'];
    const low = { ...video('v360', 360), addressing: { ...shifted, segments: moved } };
    const inOneSet = { durationSeconds: 8, switchingSets: [{ ...VIDEO, representations: [high, low] }] };
    expect(() => checkMpdText(inOneSet, writeMpd(inOneSet))).toThrow(refused('manifest.mpd', /same times/));
    expect(() => checkPlaylists(inOneSet)).toThrow(refused('v360.m3u8', /same times/));
    const inTwo = {
      durationSeconds: 8,
      switchingSets: [
        { ...VIDEO, representations: [high] },
        { ...VIDEO, id: 2, protection: protectionOf(AUDIO_KID), representations: [low] },
      ],
    };
    expect(() => checkMpdText(inTwo, writeMpd(inTwo))).toThrow(refused('manifest.mpd', /same times/));
  });
});

describe('playlists with a fault', () => {
  const written = writeHls(ON_DEMAND);
  const main = 'main.m3u8';

  it.each<[string, string, string | RegExp, string, RegExp]>([
    ['a range beyond the file', 'v720.m3u8', '2000@6180', '2001@6180', /bytes that v720.mp4 does not have/],
    ['a gap', 'v720.m3u8', '3000@1180', '3000@1181', /do not follow each other/],
    ['a segment within the header', 'v720.m3u8', 'BYTERANGE="100@0"', 'BYTERANGE="181@0"', /do not follow/],
    ['a range without offset', 'v720.m3u8', '3000@1180', '3000', /without size or offset/],
    ['another file', 'v720.m3u8', /v720.mp4\n(?!#EXTINF)/, 'v721.mp4\n', /v721.mp4, which does not exist/],
    ['a segment that lasts longer', 'v720.m3u8', '2.000000', '2.002000', /segment 1 does not last as long/],
    ['a segment too few', 'a-en.m3u8', /#EXTINF.*\n.*300@1080\n.*\n/, '', /does not last as long/],
    ['a segment without duration', 'a-en.m3u8', /#EXTINF.*\n/, '', /has no duration/],
    ['too short a target', 'a-en.m3u8', 'DURATION:2', 'DURATION:1', /longer than EXT-X-TARGETDURATION/],
    ['a target of its own', 'a-en.m3u8', 'DURATION:2', 'DURATION:3', /another EXT-X-TARGETDURATION/],
    ['the KID of another key', 'v720.m3u8', /KEYID=0x1/, 'KEYID=0x2', /names another key/],
    ['the data of another key', 'v720.m3u8', 'base64,AhA=', 'base64,AiA=', /not of the key of its media/],
    ['a key of identity', 'v720.m3u8', /com.microsoft.playready/, 'identity', /identity/],
    ['a key of no format', 'v720.m3u8', /,KEYFORMAT="com.microsoft.playready"/, '', /identity/],
    ['no key', 'v720.m3u8', /#EXT-X-KEY.*\n/g, '', /names no key of protected segments/],
    ['a key of clear text', 't-en.m3u8', '#EXTINF', '#EXT-X-KEY:METHOD=A\n#EXTINF', /key of clear segments/],
    ['no end', 'v720.m3u8', '#EXT-X-ENDLIST\n', '', /does not end/],
    ['no beginning', 'v720.m3u8', '#EXTM3U\n', '', /does not begin/],
    ['nothing known', 'v720.m3u8', /v720.mp4\n/g, 'w.mp4\n', /no segment of a track/],
    ['too low a rate', main, 'BANDWIDTH=13600', 'BANDWIDTH=13590', /v720.m3u8 needs more bits/],
    ['a variant that is not there', main, '\nv720.m3u8', '\nv721.m3u8', /v721.m3u8, which does not exist/],
    ['a variant without URI', main, '\nv720.m3u8', '', /a variant has no URI/],
    [
      'a rendition that is not there',
      main,
      'URI="a-de.m3u8"',
      'URI="a-fr.m3u8"',
      /a-fr.m3u8, which does not/,
    ],
    ['a group that is not there', main, 'AUDIO="aac-2"', 'AUDIO="aac-3"', /has no group aac-3/],
    ['a malformed tag', main, 'TYPE=AUDIO,', 'TYPE="AUDIO,', /malformed EXT-X-MEDIA/],
    ['a session key of no set', main, /KEYID=0x1/, 'KEYID=0x3', /names another key/],
  ])('are refused: %s', (_, uri, from, to, problem) => {
    const playlists = withPlaylist(written, uri, (text) => changed(text, from, to));
    expect(() => checkPlaylists(ON_DEMAND, playlists)).toThrow(refused(uri, problem));
  });

  it('are refused without a file, or with one that is larger than was planned', () => {
    const playlists = writeHls(SEGMENTED);
    expect(() => checkPlaylists(SEGMENTED, playlists, withoutFile('v360/3.m4s'))).toThrow(
      refused('v360.m3u8', /v360\/3.m4s, which does not exist/),
    );
    const sizes = new Map([...FILE_SIZES, ['v360/2.m4s', 3100] as const]);
    expect(() => checkPlaylists(SEGMENTED, playlists, sizes)).toThrow(
      refused('main.m3u8', /v360.m3u8 needs more bits/),
    );
  });

  it('are refused where no system tells players of the key', () => {
    const protection: Protection = { scheme: 'cenc', kid: AUDIO_KID, systems: [] };
    const set = { ...audio(2, 'en', 'English'), protection };
    expect(() => checkPlaylists({ durationSeconds: 8, switchingSets: [set] })).toThrow(
      refused('a-en.m3u8', /names no key of protected segments/),
    );
  });

  it('are refused with the KID of another key for Clear Key', () => {
    const systems: Protection['systems'] = [
      { name: 'clearkey', systemId: 'e2719d58-a985-b3c9-781a-b030af78d30e' },
    ];
    const set = {
      ...audio(2, 'en', 'English'),
      protection: { scheme: 'cbcs' as const, kid: AUDIO_KID, systems },
    };
    const presentation = { durationSeconds: 8, switchingSets: [set] };
    const playlists = withPlaylist(writeHls(presentation), 'a-en.m3u8', (text) =>
      changed(text, 'IAAAACAAIAAgACAAAAAAAg==', 'EAAAABAAEAAQABAAAAAAAQ=='),
    );
    expect(() => checkPlaylists(presentation, playlists)).toThrow(refused('a-en.m3u8', /names another key/));
  });
});
