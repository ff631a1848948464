import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.js';
import { runCliJson } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';
import { serverStarter } from './helpers.js';

const start = serverStarter();
const temporary = temporaryFolder();
const PAGE = readFileSync(`${import.meta.dirname}/road.html`);

interface Playback {
  readonly statuses: readonly number[];
  readonly error: string | null;
  readonly currentTime: number;
  readonly frames: number;
}

describeWith(['chromium'], 'the whole road: package, register, distribute, ask for a license, play', () => {
  let browser: Browser;
  let web: Server;
  const media = temporary('film.mp4');

  beforeAll(async () => {
    web = createServer((request, response) => {
      if (request.url === '/media.mp4') response.end(readFileSync(media));
      else response.setHeader('content-type', 'text/html').end(PAGE);
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => web.close(resolve));
  });

  it.skipIf(!SWEEPS)(
    `leads to frames while the key is good, and to none once it is revoked ${BY_SWEEPS}`,
    async () => {
      const webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
      const server = await start({ clearKey: { origins: [webUrl] } });
      const token = await server.token('register', 'read-keys');
      const { exitCode, json } = await runCliJson(
        ['encrypt', sample('bars.mp4'), media, '--key-store', server.url, '--content-id', 'film-7'],
        { env: { PRPACK_KEY_STORE_TOKEN: token, HOME: temporary('home') } },
      );
      expect([exitCode, json.error]).toEqual([0, undefined]);

      const records = await server.fetch('/v1/keys?contentId=film-7', { token });
      expect(records.json.items).toMatchObject([
        { state: 'active', outputs: [{ fingerprint: expect.any(String) }] },
      ]);
      const [{ kid }] = records.json.items;
      expect(json.tracks.map((track: { kid: string }) => track.kid)).toEqual([kid, kid]);

      const mime = `video/mp4; codecs="${json.tracks.map(({ codec }: { codec: string }) => codec).join(',')}"`;
      const play = async (): Promise<Playback> => {
        const page = await browser.newPage();
        try {
          await page.goto(webUrl);
          const request = JSON.stringify({ mime, licenseUrl: `${server.url}/clearkey` });
          return await page.evaluate<Playback>(`play(${request})`);
        } finally {
          await page.close();
        }
      };
      const good = await play();
      expect(good).toMatchObject({ error: null, statuses: [200] });
      expect(good.currentTime).toBeGreaterThan(2);
      expect(good.frames).toBeGreaterThan(25);

      const admin = await server.token('admin');
      await server.fetch('/v1/revocations', { method: 'POST', token: admin, body: { kids: [kid] } });
      const revoked = await play();
      expect(revoked).toMatchObject({ statuses: [403], frames: 0, currentTime: 0 });
      expect(revoked.error).toContain('revoked');
    },
  );
});
