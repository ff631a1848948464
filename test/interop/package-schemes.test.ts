import type { Server } from 'node:http';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { packageTitle, readKeyFile } from '../../src/index.js';
import { launchBrowser } from '../support/browser.js';
import { CUTS } from '../support/ladder.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith, ffmpeg } from '../support/tools.js';
import { servePresentations } from './presentation-server.js';

const temporary = temporaryFolder();

/** What a browser decrypts, and the files that a player then takes: of one scheme alone, but for what shaka-player mixes. */
const CASES = (['cenc', 'cbcs'] as const).flatMap((scheme) => {
  const suffix = scheme === 'cenc' ? '' : '-cbcs';
  return [
    { scheme, player: 'shaka', manifest: `manifest-${scheme}.mpd` },
    { scheme, player: 'dashjs', manifest: `manifest-${scheme}.mpd` },
    { scheme, player: 'shaka', manifest: `main${suffix}.m3u8` },
    { scheme, player: 'hls', manifest: `main${suffix}.m3u8` },
    { scheme, player: 'shaka', manifest: 'manifest.mpd', mixes: 'audio' },
    ...(scheme === 'cenc' ? [{ scheme, player: 'dashjs', manifest: 'manifest.mpd' }] : []),
  ];
});
/** Players start a browser, which takes long. */
const RUN = SWEEPS ? CASES : [];

describeWith(['ffmpeg', 'chromium'], 'players of one scheme play a title in both', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  let keys: Record<string, string> = {};

  beforeAll(async () => {
    const keysOut = temporary('keys.json');
    await packageTitle({
      inputs: [encoded('320x180'), encoded('160x90')],
      outDir: temporary('both'),
      schemes: ['cenc', 'cbcs'],
      keysOut,
      ...CUTS,
    });
    const { entries } = await readKeyFile(keysOut);
    keys = Object.fromEntries(entries.map(({ kid, key }) => [kid.replaceAll('-', ''), key.revealHex()]));
    ({ server, origin } = await servePresentations(temporary(''), () => keys));
    browser = await launchBrowser();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  it.skipIf(RUN.length > 0)(`${CASES.length} cases ${BY_SWEEPS}`, () => {});

  it.each(RUN)(
    '$scheme alone, $manifest in $player',
    async ({ scheme, player, manifest, ...one }) => {
      const mixes = 'mixes' in one ? (one.mixes as string) : undefined;
      const page = await browser.newPage();
      const isMpd = manifest.endsWith('.mpd'); // a playlist is of one scheme in any case
      const media = new Set<string>();
      page.on('request', (request) => {
        const name = request.url().split('/').at(-1)!;
        if (name.endsWith('.mp4')) media.add(name);
      });
      try {
        if (isMpd) await page.addInitScript(`(${allowOnly})(${JSON.stringify(scheme)})`);
        await page.goto(origin);
        const options = { player, scheme, url: `/media/both/${manifest}`, keys, asksForLicenses: isMpd };
        const answer = await page.evaluate(`start(${JSON.stringify(options)})`);
        expect(answer).toEqual({ ok: true, result: expect.anything() });
        const others = [...media].filter((name) => name.includes('-cbcs') !== (scheme === 'cbcs'));
        expect(others.filter((name) => !(mixes && name.startsWith(mixes)))).toEqual([]);
        expect(await page.evaluate('seek(2.2)')).toEqual({ ok: true });
      } finally {
        await page.close();
      }
    },
    60_000,
  );
});

/** Four seconds with a key frame each second. */
function encoded(size: string): string {
  const path = temporary(`film-${size}.mp4`);
  const picture = ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=4`];
  const sound = ['-f', 'lavfi', '-i', 'sine=sample_rate=48000:duration=4'];
  const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-g', '25', '-sc_threshold', '0', '-c:a', 'aac'];
  ffmpeg(...picture, ...sound, ...coded, path);
  return path;
}

/** Runs in the page: makes of the browser one that decrypts a scheme alone. */
function allowOnly(scheme: string): void {
  // biome-ignore lint/suspicious/noExplicitAny: of the browser, whose types are not those of Node.js
  const { navigator } = globalThis as any;
  const isOther = (capability: { encryptionScheme?: string | null } | undefined) =>
    (capability?.encryptionScheme ?? scheme) !== scheme;
  const { mediaCapabilities } = navigator;
  const request = navigator.requestMediaKeySystemAccess.bind(navigator);
  navigator.requestMediaKeySystemAccess = async (
    system: string,
    configurations: Record<string, never[]>[],
  ) => {
    const left = configurations
      .map((one) => ({
        ...one,
        ...(one.videoCapabilities && { videoCapabilities: one.videoCapabilities.filter((c) => !isOther(c)) }),
        ...(one.audioCapabilities && { audioCapabilities: one.audioCapabilities.filter((c) => !isOther(c)) }),
      }))
      .filter(
        (one, i) =>
          (one.videoCapabilities?.length ?? 0) + (one.audioCapabilities?.length ?? 0) > 0 ||
          !(configurations[i]!.videoCapabilities ?? configurations[i]!.audioCapabilities),
      );
    if (left.length === 0) throw new DOMException('no such scheme', 'NotSupportedError');
    return request(system, left);
  };
  const decodingInfo = mediaCapabilities.decodingInfo.bind(mediaCapabilities);
  mediaCapabilities.decodingInfo = async (configuration: {
    keySystemConfiguration?: { audio?: object; video?: object };
  }) => {
    const { audio, video } = configuration.keySystemConfiguration ?? {};
    if (!isOther(audio as never) && !isOther(video as never)) return decodingInfo(configuration);
    return { supported: false, smooth: false, powerEfficient: false, keySystemAccess: null, configuration };
  };
}
