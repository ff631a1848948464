import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type EncryptOptions, encrypt, inspect } from '../../../src/index.js';
import { ContentKey } from '../../../src/keys/content-key.js';
import { givenKeySource } from '../../../src/keys/given.js';
import { newKeyId } from '../../../src/keys/key-id.js';
import { lookupLicensor, storeLicensor } from '../../../src/server/clear-key/license.js';
import type { Player } from '../../../src/server/player/page-server.js';
import { type PlayerOptions, startPlayer } from '../../../src/server/player/start.js';
import { storeIn } from '../../keystore/helpers.js';
import { launchBrowser } from '../../support/browser.js';
import { encryptTo, KEY, KID, testKeys } from '../../support/jobs.js';
import { sample } from '../../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../../support/sweeps.js';
import { temporaryFolder } from '../../support/temporary.js';
import { describeWith } from '../../support/tools.js';

vi.setConfig({ testTimeout: 120_000 });

const temporary = temporaryFolder();

/** Of the page: the project is compiled without the types of browsers. */
// biome-ignore lint/suspicious/noExplicitAny: see above
declare const document: any;

describeWith(['chromium'], 'the page of prpack play', () => {
  let browser: Browser;
  const open: { close(): Promise<void> }[] = [];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  async function show(
    path: string,
    more: Partial<PlayerOptions> = {},
  ): Promise<{ page: Page; player: Player }> {
    const player = await startPlayer({
      file: await inspect(path, { keys: testKeys }),
      licensor: lookupLicensor(testKeys),
      keysFrom: 'the tests',
      port: 0,
      ...more,
    });
    const page = await browser.newPage();
    page.setDefaultTimeout(100_000); // a busy machine decodes slowly
    open.push(page, player);
    await page.goto(player.url);
    await page.waitForFunction(() => document.title !== 'prpack play');
    return { page, player };
  }

  async function encrypted(name: string, options: Partial<EncryptOptions> = {}): Promise<string> {
    const path = temporary(name);
    await encryptTo(sample('bars.mp4'), path, { force: true, ...options });
    return path;
  }

  const plays = (page: Page) =>
    page.waitForFunction(() => {
      const video = document.querySelector('video');
      return video.currentTime > 1 && video.getVideoPlaybackQuality().totalVideoFrames > 20;
    });

  it.skipIf(!SWEEPS)(
    `plays at the press of a key, and shows what it found and who asked for what ${BY_SWEEPS}`,
    async () => {
      const { page } = await show(
        await encrypted('shown.mp4', { playready: { laUrl: 'https://drm.example.com/rm.asmx' } }),
      );
      await page.keyboard.press('Space');
      await plays(page);
      const text = await page.innerText('body');
      for (const shown of [
        'shown.mp4',
        'Playing',
        KID,
        'usable',
        'avc1.',
        'mp4a.40.2',
        'PlayReady',
        'W3C Common (Clear Key)',
        'https://drm.example.com/rm.asmx',
        '✓ fits the key',
        'License request for 1 key',
        'License with 1 key (temporary)',
      ]) {
        expect(text).toContain(shown);
      }
      await page.click('summary');
      expect(await page.innerText('pre')).toContain('<WRMHEADER');
      const everything = await page.content();
      for (const key of [KEY, Buffer.from(KEY, 'hex').toString('base64url')])
        expect(everything).not.toContain(key);
      await page.keyboard.press('Escape');
      await page.locator('body').press('k');
      await page.waitForFunction(() => document.querySelector('video').paused);
    },
  );

  it.skipIf(!SWEEPS)(
    `plays a file without a common pssh box by the KIDs of its tracks ${BY_SWEEPS}`,
    async () => {
      const { page } = await show(await encrypted('bare.mp4', { systems: ['playready'] }));
      await page.keyboard.press('Space');
      await plays(page);
      expect(await page.innerText('#exchange')).toContain('asking by the KIDs of the tracks');
    },
  );

  it.skipIf(!SWEEPS)(`plays clear files, fragmented or not ${BY_SWEEPS}`, async () => {
    for (const name of ['bars-fragmented.mp4', 'bars.mp4']) {
      const { page } = await show(sample(name));
      await page.keyboard.press('Space');
      await plays(page);
    }
  });

  it.skipIf(!SWEEPS)(`does not play a file with a revoked key, and says so ${BY_SWEEPS}`, async () => {
    const kid = newKeyId();
    const key = ContentKey.random();
    const store = storeIn(temporary('revoked'));
    open.push(store);
    const path = temporary('revoked.mp4');
    await encrypt({ input: sample('bars.mp4'), output: path, keys: givenKeySource(kid, key) });
    await store.register([{ kid, key, algorithm: 'AESCTR', contentId: 'film', source: 'given' }]);
    const { page } = await show(path, { licensor: storeLicensor(store) });
    await page.keyboard.press('Space');
    await plays(page);
    await store.revoke([kid]);
    await page.reload();
    await page.waitForSelector('#notice:not([hidden])');
    const text = await page.innerText('body');
    expect(text).toContain('Does not play');
    expect(text).toContain('the key is revoked');
    expect(await page.evaluate("document.querySelector('video').currentTime")).toBe(0);
  });

  it('says why a progressive file does not play, and which commands make one that does', async () => {
    const { page } = await show(await encrypted("it's kept.mp4", { layout: 'keep' }));
    await page.waitForSelector('#notice:not([hidden])');
    expect(await page.innerText('#notice')).toContain('progressive');
    const [decrypting, encrypting, playing] = (await page.innerText('#notice pre')).split('\n');
    expect(decrypting).toMatch(/^prpack decrypt '.*it'\\''s kept\.mp4' 'it'\\''s kept\.clear\.mp4'$/);
    expect(encrypting).toMatch(/^prpack encrypt .* --layout fragmented$/);
    expect(playing).toMatch(/^prpack play /);
  });

  it.skipIf(!SWEEPS)(`fits a phone, in light and in dark ${BY_SWEEPS}`, async () => {
    const { page } = await show(await encrypted('phone.mp4'));
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 360, height: 740 });
      const scrollWidth = await page.evaluate<number>('document.documentElement.scrollWidth');
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(scrollWidth).toBeLessThanOrEqual(360);
      const brightness = Number(/\d+/.exec(ground)![0]);
      expect(brightness > 128).toBe(colorScheme === 'light');
    }
  });

  it('is closed to pages of others', async () => {
    const { player } = await show(await encrypted('closed.mp4'));
    const kids = { kids: [Buffer.from(KID.replaceAll('-', ''), 'hex').toString('base64url')] };
    const ask = async (headers: Record<string, string>) => {
      const response = await fetch(`${player.url}license`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(kids),
      });
      return response.status;
    };
    expect(await ask({})).toBe(200);
    expect(await ask({ origin: new URL(player.url).origin })).toBe(200);
    expect(await ask({ origin: 'https://evil.example' })).toBe(403);
    expect(await ask({ origin: 'null' })).toBe(403);
  });

  it('sends ranges of the file', async () => {
    const { player } = await show(await encrypted('ranges.mp4'));
    const get = async (range: string) => {
      const response = await fetch(`${player.url}media`, { headers: { range } });
      const { byteLength: length } = await response.arrayBuffer();
      return [response.status, length, response.headers.get('content-range')?.replace(/\/\d+$/, '')];
    };
    const { byteLength: length } = await (await fetch(`${player.url}media`)).arrayBuffer();
    expect(await get('bytes=0-9')).toEqual([206, 10, 'bytes 0-9']);
    expect(await get(`bytes=${length - 5}-`)).toEqual([206, 5, `bytes ${length - 5}-${length - 1}`]);
    expect(await get('bytes=-7')).toEqual([206, 7, `bytes ${length - 7}-${length - 1}`]);
    for (const wrong of [`bytes=${length}-`, 'bytes=9-3', 'bytes=-', 'lines=1-2']) {
      expect((await get(wrong))[0]).toBe(416);
    }
  });
});
