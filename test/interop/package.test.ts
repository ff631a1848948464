import { existsSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { givenKeyTexts, packageTitle } from '../../src/index.js';
import { launchBrowser } from '../support/browser.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, ffmpeg } from '../support/tools.js';
import { servePresentations } from './presentation-server.js';

const temporary = temporaryFolder();
const KID = '0123456789abcdef0123456789abcdef';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const WRONG_KEY = KEY.replace(/^3/, '4');
const SECONDS = 8;

const SCHEMES = ['cenc', 'cbcs'] as const;
const ADDRESSINGS = ['files', 'segments'] as const;
const PLAYERS = [
  { player: 'shaka', manifest: 'manifest.mpd' },
  { player: 'dashjs', manifest: 'manifest.mpd' },
  { player: 'shaka', manifest: 'main.m3u8' },
  { player: 'hls', manifest: 'main.m3u8' },
];
const CASES = [
  ...ADDRESSINGS.flatMap((addressing) =>
    SCHEMES.flatMap((scheme) => PLAYERS.map((one) => ({ addressing, scheme, ...one }))),
  ),
  { addressing: 'files', scheme: 'cenc', player: 'smooth', manifest: 'manifest.ism/Manifest' } as const,
  { addressing: 'segments', scheme: 'cenc', player: 'smooth', manifest: 'Manifest' } as const,
];
/** WebVTT and TTML in files; TTML alone, which HLS has, too, in segments. */
const TEXT_CASES = [
  ...PLAYERS.map((one) => ({ ...one, folder: 'text', language: 'en', text: 'Hello' })),
  ...PLAYERS.map((one) => ({ ...one, folder: 'ttml', language: 'de', text: 'Hallo' })),
  { player: 'dashjs', manifest: 'manifest.mpd', folder: 'text', language: 'de', text: 'Hallo' },
];
const IN_MP4 = { keys: givenKeyTexts(KID, KEY), segmentDurationSeconds: 2, text: 'mp4' } as const;
const folderOf = ({ scheme, addressing }: Pick<(typeof CASES)[number], 'scheme' | 'addressing'>) =>
  `${scheme}-${addressing}`;
/** Players start a browser, which takes long. */
const RUN = SWEEPS ? CASES : [];
const LEFT_OUT = CASES.filter((one) => !RUN.includes(one));

/** In the middle of pictures: of the first segment, of one within, and of the last. */
const PICTURE_TIMES = [0.42, 3.5, 7.14];
/** The picture stays until it is looked at; the browser may need a moment to draw it. */
const POLLING = { timeout: 5000 };
/** No picture of one colour takes more as PNG. */
const PLAIN_PNG_BYTES = 5000;

/** What the page says of what it was asked to do. */
interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly result?: { heights: number[]; languages: string[]; duration: number };
}

describeWith(['ffmpeg', 'chromium'], 'players play a packaged title', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  let keys: Record<string, string> = {};

  beforeAll(async () => {
    const inputs = makeLadder();
    for (const { scheme, addressing } of RUN) {
      const outDir = temporary(folderOf({ scheme, addressing }));
      if (existsSync(outDir)) continue;
      await packageTitle({
        inputs,
        outDir,
        scheme,
        addressing,
        smooth: scheme === 'cenc',
        trickPlay: true,
        keys: givenKeyTexts(KID, KEY),
        fragmentDurationSeconds: 1,
        segmentDurationSeconds: 2,
        thumbnails: `${temporary('sheet-%d.jpg')}:2x2:1`,
      });
    }
    if (SWEEPS) {
      const media = inputs.slice(0, -1);
      await packageTitle({ inputs: [...inputs, writeTtml()], outDir: temporary('text'), ...IN_MP4 });
      await packageTitle({
        inputs: [...media, writeTtml()],
        outDir: temporary('ttml'),
        ...IN_MP4,
        addressing: 'segments',
      });
    }
    ({ server, origin } = await servePresentations(temporary(''), () => keys));
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  async function withPlayer(
    key: string,
    work: (ask: (call: string) => Promise<Answer>, page: Page) => Promise<void>,
  ): Promise<void> {
    keys = { [KID]: key };
    const page: Page = await browser.newPage();
    try {
      await page.goto(origin);
      await work((call) => page.evaluate(call), page);
    } finally {
      await page.close();
    }
  }

  const start = ({ scheme, player, manifest }: Omit<(typeof CASES)[number], 'addressing'>, folder: string) =>
    `start(${JSON.stringify({ player, scheme, url: `/media/${folder}/${manifest}`, keys })})`;

  it.skip.each(LEFT_OUT)(`$scheme, $addressing, $manifest in $player ${BY_SWEEPS}`, () => {});

  it.each(RUN)(
    '$scheme, $addressing, $manifest in $player: start, renditions, languages, subtitles, seek, end, thumbnails, fast forward, pictures',
    async (one) => {
      await withPlayer(KEY, async (ask, page) => {
        const { result, error } = await ask(start(one, folderOf(one)));
        expect(error).toBeUndefined();
        expect(result!.heights).toEqual([90, 180]);
        expect([...result!.languages].sort()).toEqual(['de', 'en']);
        expect(result!.duration).toBeCloseTo(SECONDS, 0);
        const done = async (...calls: string[]) => {
          for (const call of calls) expect([call, await ask(call)]).toEqual([call, { ok: true }]);
        };
        if (one.player === 'shaka' && one.manifest === 'manifest.mpd')
          await done("fastForward('video-90p-trick')");
        await done('height(90)', 'height(180)', "language('de')", "language('en')");
        if (one.player !== 'smooth')
          expect(await ask("subtitles('en', 'Hello')")).toEqual({ ok: true, result: ['Hello'] });
        await done('seek(5)', 'end()');
        // Tiles of a second, four a sheet: at 6.5 s the third of the second sheet, which is below the first.
        if (one.player !== 'hls' && one.player !== 'smooth') {
          const tile = ['thumbnails-00002.jpg', 0, 90, 160, 90];
          expect(await ask('thumbnail(6.5)')).toEqual({ ok: true, result: tile });
        }
        // Smooth Streaming knows no edit lists, and so shows everything some pictures later.
        if (one.player !== 'smooth') {
          await done('height(180)');
          for (const seconds of PICTURE_TIMES) {
            await done(`stopAt(${seconds})`, `stopClearAt('/media/film-320x180.mp4', ${seconds})`);
            const clear = await pictureOf(page, '#clear');
            expect(clear.length).toBeGreaterThan(PLAIN_PNG_BYTES);
            await expect
              .poll(async () => (await pictureOf(page, '#played')).equals(clear), POLLING)
              .toBe(true);
          }
        }
      });
    },
    90_000,
  );

  it.skip.each(SWEEPS ? [] : TEXT_CASES)(
    `subtitles in MP4, $manifest in $player, $language ${BY_SWEEPS}`,
    () => {},
  );

  it.each(SWEEPS ? TEXT_CASES : [])(
    'subtitles in MP4, $manifest in $player, $language',
    async ({ folder, language, text, ...one }) => {
      await withPlayer(KEY, async (ask) => {
        expect(await ask(start({ scheme: 'cenc', ...one }, folder))).toMatchObject({ ok: true });
        expect(await ask(`subtitles('${language}', '${text}')`)).toMatchObject({
          ok: true,
          result: expect.arrayContaining([text]),
        });
      });
    },
    60_000,
  );

  it.each(RUN)(
    '$scheme, $addressing, $manifest in $player: nothing with a wrong key',
    async (one) => {
      await withPlayer(WRONG_KEY, async (ask) => {
        const answer = await ask(start(one, folderOf(one)));
        expect(answer).toEqual({ ok: false, error: expect.any(String) });
      });
    },
    60_000,
  );
});

/** What is seen of an element, as PNG. */
const pictureOf = (page: Page, element: string) => page.locator(element).screenshot();

/** Two renditions with English sound, and German sound alone; key frames once a second. */
function makeLadder(): string[] {
  const picture = (size: string) => [
    '-f',
    'lavfi',
    '-i',
    `testsrc2=size=${size}:rate=25:duration=${SECONDS}`,
  ];
  const sound = (hertz: number) => [
    '-f',
    'lavfi',
    '-i',
    `sine=frequency=${hertz}:sample_rate=48000:duration=${SECONDS}`,
  ];
  const coded = [
    '-c:v',
    'libx264',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '25',
    '-keyint_min',
    '25',
    '-sc_threshold',
    '0',
    '-bf',
    '2',
    // Browsers guess differently where the stream is silent.
    ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
  ];
  const renditions = ['320x180', '160x90'].map((size) => {
    const path = temporary(`film-${size}.mp4`);
    ffmpeg(
      ...picture(size),
      ...sound(440),
      ...coded,
      '-c:a',
      'aac',
      '-metadata:s:a:0',
      'language=eng',
      '-shortest',
      path,
    );
    return path;
  });
  ffmpeg('-i', renditions[0], '-vf', 'fps=1,scale=160:-1,tile=2x2', temporary('sheet-%d.jpg'));
  const german = temporary('film.de.m4a');
  ffmpeg(...sound(660), '-c:a', 'aac', german);
  const subtitles = temporary('film.en.vtt');
  writeFileSync(subtitles, 'WEBVTT\n\n00:00.500 --> 00:07.000\nHello\n');
  return [...renditions, german, subtitles];
}

function writeTtml(): string {
  const path = temporary('film.de.ttml');
  const paragraph = '<p begin="00:00:00.500" end="00:00:07.000">Hallo</p>';
  writeFileSync(
    path,
    `<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="de"><head/><body><div>${paragraph}</div></body></tt>`,
  );
  return path;
}
