import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { givenKeyTexts, packageTitle, parsePssh } from '../../../src/index.js';
import { type Licensor, lookupLicensor } from '../../../src/server/clear-key/license.js';
import { startPresentation } from '../../../src/server/player/start-presentation.js';
import { launchBrowser } from '../../support/browser.js';
import { KEY, KID, testKeys } from '../../support/jobs.js';
import { BY_SWEEPS, SWEEPS } from '../../support/sweeps.js';
import { temporaryFolder } from '../../support/temporary.js';
import { describeWith, ffmpeg } from '../../support/tools.js';

vi.setConfig({ testTimeout: 120_000 });

const temporary = temporaryFolder();
const SCHEMES = ['cenc', 'cbcs'] as const;
const PLAYERS = [
  { player: 'shaka-player', manifest: 'manifest.mpd' },
  { player: 'dashjs', manifest: 'manifest.mpd' },
  { player: 'shaka-player', manifest: 'main.m3u8' },
  { player: 'hls.js', manifest: 'main.m3u8' },
];
const CASES = SCHEMES.flatMap((scheme) => PLAYERS.map((one) => ({ scheme, ...one })));

/** Of the page: the project is compiled without the types of browsers. */
// biome-ignore lint/suspicious/noExplicitAny: see above
declare const document: any;

/** Has no key for anybody. */
const REFUSING: Licensor = {
  decide: async (kids) => kids.map((kid) => ({ kid, refusal: 'revoked' })),
};

describeWith(['ffmpeg', 'chromium'], 'the page of prpack play <folder>', () => {
  let browser: Browser;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    const inputs = makeLadder();
    for (const scheme of SCHEMES)
      await packageTitle({
        inputs,
        outDir: temporary(scheme),
        scheme,
        keys: givenKeyTexts(KID, KEY),
        segmentDurationSeconds: 2,
      });
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function show(
    { scheme, player, manifest }: (typeof CASES)[number],
    more: { readonly licensor?: Licensor; readonly packages?: readonly string[] } = {},
  ): Promise<Page> {
    const served = await startPresentation({
      folder: temporary(scheme),
      describe: (input) => parsePssh({ input, keys: testKeys }),
      licensor: lookupLicensor(testKeys),
      keysFrom: 'the tests',
      port: 0,
      ...more,
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(100_000); // a busy machine decodes slowly
    open.push(page, served);
    await page.goto(`${served.url}?player=${player}&manifest=${manifest}`);
    await page.waitForFunction(() => document.title !== 'prpack play');
    return page;
  }

  const chosen = (page: Page, text: string) =>
    page.waitForSelector(`#tracks button[aria-pressed="true"]:has-text("${text}")`);

  it.skip.each(SWEEPS ? [] : CASES)(`$scheme, $manifest in $player ${BY_SWEEPS}`, () => {});

  it.each(SWEEPS ? CASES : [])(
    '$scheme, $manifest in $player: plays, and shows what happens',
    async (one) => {
      const page = await show(one);
      await page.waitForSelector('#tracks button');
      await page.keyboard.press('Space');
      await page.waitForFunction(() => {
        const video = document.querySelector('video');
        return video.currentTime > 0.5 && video.getVideoPlaybackQuality().totalVideoFrames > 10;
      });
      for (const choice of ['320 × 180', 'de', 'en']) {
        await page.click(`#tracks button:has-text("${choice}") >> nth=${choice === 'en' ? -1 : 0}`);
        await chosen(page, choice);
      }
      const text = await page.innerText('body');
      for (const shown of [
        one.manifest,
        KID,
        'usable',
        'automatic',
        '160 × 90',
        'PlayReady',
        'License request for 1 key',
        'License with 1 key',
      ])
        expect(text).toContain(shown);
      const everything = await page.content();
      for (const key of [KEY, Buffer.from(KEY, 'hex').toString('base64url')])
        expect(everything).not.toContain(key);
    },
  );

  it.each(SWEEPS ? CASES.filter(({ scheme }) => scheme === 'cenc') : [])(
    '$manifest in $player: says why there is no license',
    async (one) => {
      const page = await show(one, { licensor: REFUSING });
      await page.waitForSelector('#notice:not([hidden])');
      await page.waitForSelector('#exchange:has-text("the key is revoked")');
      expect(await page.innerText('#kids')).toContain('refused');
      expect(await page.evaluate("document.querySelector('video').currentTime")).toBe(0);
    },
  );

  it('says what to install where no player is', async () => {
    const page = await show(CASES[0], { packages: [temporary('nothing')] });
    await page.waitForSelector('#notice:not([hidden])');
    expect(await page.innerText('#notice pre')).toBe('npm install shaka-player');
    expect(await page.innerText('#kids')).toContain(KID);
    expect(await page.innerText('#systems')).toContain('PlayReady');
  });
});

/** Two renditions with English sound, and German sound; four seconds, with a key frame each second. */
function makeLadder(): string[] {
  const lavfi = (source: string) => ['-f', 'lavfi', '-i', `${source}:duration=4`];
  const picture = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '25', '-sc_threshold', '0'];
  const sound = ['-c:a', 'aac', '-metadata:s:a:0'];
  const renditions = ['320x180', '160x90'].map((size) => {
    const path = temporary(`film-${size}.mp4`);
    const sources = [...lavfi(`testsrc2=size=${size}:rate=25`), ...lavfi('sine=frequency=440')];
    ffmpeg(...sources, ...picture, ...sound, 'language=eng', '-shortest', path);
    return path;
  });
  const german = temporary('film.de.m4a');
  ffmpeg(...lavfi('sine=frequency=660'), ...sound, 'language=deu', german);
  return [...renditions, german];
}
