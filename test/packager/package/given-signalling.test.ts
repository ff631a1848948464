import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type GivenSignalling,
  givenKeyTexts,
  type KeySource,
  type PackageOptions,
  packageTitle,
} from '../../../src/index.js';
import { writePssh } from '../../../src/isobmff/boxes/pssh.js';
import { CUTS, rendition, writeMovie } from '../../support/ladder.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const KID = '0123456789abcdef0123456789abcdef';
const PLAYREADY = '9a04f079-9840-4286-ab92-e65be0885f95';
const FAIRPLAY = '94ce86fb-07ff-4f43-adb8-93d2fa968ca2';
const FAIRPLAY_FORMAT = 'com.apple.streamingkeydelivery';
let input: string;
let count = 0;

beforeAll(() => {
  input = writeMovie(temporary('film.mp4'), [rendition(160, 90)]);
});

/** The key of a source that also says something for manifests. */
function keysWith(...signalling: Partial<GivenSignalling>[]): KeySource {
  const plain = givenKeyTexts(KID, '3a2a1b68dd2bd9b2eeb25e84c4776668');
  const given = signalling.map((one) => ({ systemId: PLAYREADY, origin: 'keys.xml', ...one }));
  return {
    assign: async (...asked) => (await plain.assign(...asked)).map((key) => ({ ...key, signalling: given })),
  };
}

/** All manifests of a title with these keys. */
async function manifests(keys: KeySource, options: Partial<PackageOptions> = {}) {
  const outDir = temporary(`title${count++}`);
  await packageTitle({ inputs: [input], outDir, keys, ...CUTS, ...options });
  const text = (name: string) => readFileSync(join(outDir, name), 'utf8');
  const playlists = readdirSync(outDir).filter((name) => name.endsWith('.m3u8') && name !== 'main.m3u8');
  return { mpd: text('manifest.mpd'), main: text('main.m3u8'), media: playlists.map(text) };
}

const line = (tag: string, method = 'SAMPLE-AES-CTR', format = 'com.microsoft.playready') =>
  `#${tag}:METHOD=${method},URI="data:,of-the-provider",KEYFORMAT="${format}",KEYFORMATVERSIONS="1"`;

describe('withGivenSignalling', () => {
  it('puts into manifests what came with the keys, in place of what is made here', async () => {
    const keys = keysWith({
      contentProtection: '<mspr:pro>of-the-provider</mspr:pro>',
      hlsKey: `${line('EXT-X-KEY')}\n`,
      hlsSessionKey: line('EXT-X-SESSION-KEY'),
    });
    const { mpd, main, media } = await manifests(keys);
    const [, playready] = /9a04f079[^>]*>(.*?)<\/ContentProtection>/s.exec(mpd)!;
    expect(playready.trim()).toBe('<mspr:pro>of-the-provider</mspr:pro>');
    for (const playlist of media) {
      expect(playlist.split('\n').filter((one) => one.includes('com.microsoft.playready'))).toEqual([
        line('EXT-X-KEY'),
      ]);
    }
    expect(main.split('\n').filter((one) => one.includes('com.microsoft.playready'))).toEqual([
      line('EXT-X-SESSION-KEY'),
    ]);
  });

  it('makes what did not come', async () => {
    const { mpd, main, media } = await manifests(keysWith({ hlsKey: line('EXT-X-KEY') }));
    expect(mpd).toContain('<mspr:pro>');
    expect(main).toMatch(
      /EXT-X-SESSION-KEY:METHOD=SAMPLE-AES-CTR,URI="data:text\/plain;charset=UTF-16;base64,/,
    );
    for (const playlist of media) expect(playlist).toContain(line('EXT-X-KEY'));
  });

  it('leaves out what is for a header that the user describes', async () => {
    const keys = keysWith({ hlsKey: line('EXT-X-KEY'), contentProtection: '<x/>' });
    const { mpd, media } = await manifests(keys, { playready: { laUrl: 'https://drm.example.com/rm.asmx' } });
    expect([mpd, ...media].join('\n')).not.toContain('of-the-provider');
    expect(mpd).not.toContain('<x/>');
  });

  it('takes FairPlay, which has no box in the media, with cbcs', async () => {
    const fairplay = line('EXT-X-KEY', 'SAMPLE-AES', 'com.apple.streamingkeydelivery');
    const keys = keysWith({ systemId: FAIRPLAY, hlsKey: fairplay });
    const { media } = await manifests(keys, { scheme: 'cbcs' });
    for (const playlist of media) expect(playlist).toContain(fairplay);
    const other = await manifests(keys);
    for (const playlist of other.media) expect(playlist).not.toContain('com.apple');
  });

  describe('with FairPlay among the systems', () => {
    const given = line('EXT-X-KEY', 'SAMPLE-AES', FAIRPLAY_FORMAT);
    const made = (uri: string) => given.replace('data:,of-the-provider', uri);
    const keys = keysWith({ systemId: FAIRPLAY, hlsKey: given, contentProtection: '<of-the-provider/>' });

    it.each<[string, KeySource, Partial<PackageOptions>, string]>([
      ['what came with the keys', keys, { systems: ['playready', 'fairplay'] }, given],
      ['the URI of its KID, where nothing came', keysWith(), { systems: ['fairplay'] }, made(`skd://${KID}`)],
      [
        'the URI that is given, before all',
        keys,
        { systems: ['fairplay'], fairplayUri: 'skd://x/{kid}' },
        made(`skd://x/${KID}`),
      ],
      [
        'the URI that is given, also where it is not named',
        keys,
        { systems: ['playready'], fairplayUri: 'skd://x/{kid}' },
        made(`skd://x/${KID}`),
      ],
    ])('has %s', async (_, source, options, expected) => {
      const { mpd, media } = await manifests(source, { scheme: 'cbcs', ...options });
      const isTheirs = expected === given;
      expect(mpd.includes('<of-the-provider/>')).toBe(isTheirs);
      for (const playlist of media) {
        expect(playlist.split('\n').filter((one) => one.includes(FAIRPLAY_FORMAT))).toEqual([expected]);
      }
    });

    it('leaves out what came with the keys where the systems are others', async () => {
      const { mpd, main, media } = await manifests(keys, { scheme: 'cbcs', systems: ['playready'] });
      expect([mpd, main, ...media].join('\n')).not.toMatch(/com\.apple|of-the-provider/);
    });

    it('keeps a box of it that came with the keys, and says its key once', async () => {
      const data = writePssh({ systemId: FAIRPLAY, keyIds: [], data: Uint8Array.of(1) });
      const protection = [{ systemId: FAIRPLAY, data, origin: 'keys.xml' }];
      const boxed: KeySource = {
        assign: async (...asked) => (await keys.assign(...asked)).map((key) => ({ ...key, protection })),
      };
      const { media } = await manifests(boxed, { scheme: 'cbcs', systems: ['fairplay'] });
      for (const playlist of media) expect(playlist.match(/com\.apple/g)).toHaveLength(1);
    });
  });

  it.each([
    ['of another scheme', line('EXT-X-KEY', 'SAMPLE-AES')],
    ['whose URI is the key', line('EXT-X-KEY', 'SAMPLE-AES-CTR', 'identity')],
    ['without KEYFORMAT', '#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI="data:,x"'],
    ['that is there twice', `${line('EXT-X-KEY')}\n${line('EXT-X-KEY')}`],
    ['that is none', 'EXT-X-KEY'],
  ])('refuses a line %s', async (_, hlsKey) => {
    await expect(manifests(keysWith({ hlsKey }))).rejects.toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      message: expect.stringContaining('keys.xml'),
    });
  });

  it('makes a presentation that says so another one', async () => {
    const outDir = temporary(`title${count++}`); // digests are comparable within a folder
    const jobOf = async (keys: KeySource) => {
      await packageTitle({ inputs: [input], outDir, contentId: 'film', keys, force: true, ...CUTS });
      return JSON.parse(readFileSync(join(outDir, 'prpack.json'), 'utf8')).job;
    };
    const before = await jobOf(keysWith());
    expect(await jobOf(keysWith())).toBe(before);
    expect(await jobOf(keysWith({ hlsKey: line('EXT-X-KEY') }))).not.toBe(before);
  });
});
