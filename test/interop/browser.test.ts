import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EncryptOptions } from '../../src/index.js';
import { launchBrowser } from '../support/browser.js';
import { periodKey, periodKeys } from '../support/crypto-periods.js';
import { encryptTo, KEY, KID } from '../support/jobs.js';
import { sample } from '../support/samples.js';
import { itWith, type Stream, streamPath } from '../support/streams.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeWith } from '../support/tools.js';

const temporary = temporaryFolder();
const PAGE = readFileSync(`${import.meta.dirname}/player.html`);

/** A key or KID as Clear Key writes it. */
function base64url(hex: string): string {
  return Buffer.from(hex.replaceAll('-', ''), 'hex').toString('base64url');
}

/** What the page tells of its attempt. */
interface Playback {
  readonly currentTime: number;
  readonly frames: number;
  readonly keyIds: readonly string[];
  readonly error: string | null;
}

describeWith(['chromium'], 'a browser plays our output through Clear Key', () => {
  let browser: Browser;
  let server: Server;
  let media = '';

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/media.mp4') response.end(readFileSync(media));
      else response.setHeader('content-type', 'text/html').end(PAGE);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await launchBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** @param more what the page is told besides */
  async function play(
    input: string,
    options: Partial<EncryptOptions>,
    keyHex = KEY,
    more: { keys?: Record<string, string>; seconds?: number } = {},
  ): Promise<Playback> {
    media = temporary('media.mp4');
    const result = await encryptTo(input, media, { force: true, ...options });
    const codecs = result.tracks.map(({ codec }) => codec).join(',');
    const page = await browser.newPage();
    try {
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const key = base64url(keyHex);
      const asked = { mime: `video/mp4; codecs="${codecs}"`, key, ...more };
      return await page.evaluate(`play(${JSON.stringify(asked)})`);
    } finally {
      await page.close();
    }
  }

  function expectPlayed(playback: Playback, kind: Stream['kind']): void {
    expect(playback.error).toBeNull();
    expect(playback.currentTime).toBeGreaterThan(2);
    if (kind === 'video') expect(playback.frames).toBeGreaterThan(25);
    expect(playback.keyIds).toEqual([base64url(KID)]);
  }

  const JOBS: { title: string; input: string; options: Partial<EncryptOptions> }[] = [
    { title: 'a progressive file made fragments', input: 'bars.mp4', options: {} },
    { title: 'with 16-byte IVs', input: 'bars.mp4', options: { ivSize: 16 } },
    {
      title: 'a fragmented file in its own layout',
      input: 'bars-fragmented.mp4',
      options: { layout: 'keep' },
    },
    { title: 'audio alone', input: 'tone.m4a', options: {} },
    {
      title: 'with all systems',
      input: 'bars.mp4',
      options: { systems: ['playready', 'common', 'widevine'] },
    },
  ];

  it.skipIf(!SWEEPS).each(JOBS)(`$title ${BY_SWEEPS}`, plays);

  async function plays({ input, options }: (typeof JOBS)[0]): Promise<void> {
    expectPlayed(await play(sample(input), options), input === 'tone.m4a' ? 'audio' : 'video');
  }

  const LONG_STREAMS: Stream[] = [
    ['AVC', 'libx264', '-pix_fmt yuv420p -g 25 -bf 2'],
    ['AV1', 'libaom-av1', '-cpu-used 8 -g 25 -tiles 2x2 -aom-params sb-size=64'],
    ['AV1 of several frames a sample', 'libsvtav1', '-preset 12 -g 25'],
    ['VP9', 'libvpx-vp9', '-cpu-used 8 -deadline good -b:v 100k -lag-in-frames 8 -auto-alt-ref 6 -g 25'],
  ].map(([name, encoder, args]) => ({
    name,
    kind: 'video' as const,
    from: {
      source: 'testsrc2=s=192x128:r=25,noise=alls=10:allf=t',
      args: `-frames:v 75 -c:v ${encoder} ${args}`,
    },
  }));
  const AUDIO: Stream[] = [
    { name: 'AAC', kind: 'audio', from: sample('tone.m4a') },
    {
      name: 'Opus',
      kind: 'audio',
      from: { source: 'sine=440:d=3', args: '-af aresample=48000 -strict -2 -c:a libopus' },
    },
  ];

  it.skipIf(!SWEEPS)(`AVC and AAC under cbcs ${BY_SWEEPS}`, async () => {
    expectPlayed(await play(sample('bars.mp4'), { scheme: 'cbcs' }), 'video');
  });

  for (const stream of [...LONG_STREAMS, ...AUDIO]) {
    for (const scheme of ['cbcs', 'cenc'] as const) {
      const title = `${stream.name} under ${scheme}`;
      if (!SWEEPS) {
        it.skip(`${title} ${BY_SWEEPS}`, () => undefined);
        continue;
      }
      itWith(stream, title, async () => {
        expectPlayed(await play(streamPath(stream, temporary), { scheme }), stream.kind);
      });
    }
  }

  it.skipIf(!SWEEPS)(`but not with another key ${BY_SWEEPS}`, async () => {
    const playback = await play(sample('bars.mp4'), {}, KEY.replace(/^3/, '4'));
    expect(playback.error).not.toBeNull();
    expect(playback.currentTime).toBeLessThan(1);
  });

  const SCHEMES = ['cbcs', 'cenc'] as const;

  it.skipIf(!SWEEPS).each(SCHEMES)(`a clear lead and what follows it, %s ${BY_SWEEPS}`, async (scheme) => {
    const options = { scheme, clearLeadSeconds: 1, fragmentDurationSeconds: 1 };
    const playback = await play(sample('bars.mp4'), options, KEY, { seconds: 4 });
    expect(playback.error).toBeNull();
    expect(playback.currentTime).toBeGreaterThanOrEqual(4);
    expect(playback.frames).toBeGreaterThan(90);
  });

  it.skipIf(!SWEEPS)(`and not what follows a clear lead with another key ${BY_SWEEPS}`, async () => {
    const options = { clearLeadSeconds: 1, fragmentDurationSeconds: 1 };
    const playback = await play(sample('bars.mp4'), options, KEY.replace(/^3/, '4'), { seconds: 4 });
    expect(playback.error).not.toBeNull();
    expect(playback.currentTime).toBeLessThan(2.1);
  });

  describe('two crypto periods', () => {
    /** The second begins with the fragment at 3 s: that at 2 s has audio from a little before. */
    const schedule = { cryptoPeriodSeconds: 2, fragmentDurationSeconds: 1 };
    const [first, second] = [0, 1].map(periodKey);
    const kids = [first, second].map(({ kid }) => base64url(kid));
    const run = (scheme: (typeof SCHEMES)[number], secondKey: string) => {
      const keys = { [kids[0]]: base64url(first.key), [kids[1]]: base64url(secondKey) };
      const options = { scheme, keys: periodKeys(3, scheme), ...schedule };
      return play(sample('bars.mp4'), options, KEY, { keys, seconds: 4 });
    };

    it.skipIf(!SWEEPS).each(SCHEMES)(`with both keys, %s ${BY_SWEEPS}`, async (scheme) => {
      const playback = await run(scheme, second.key);
      expect(playback.error).toBeNull();
      expect(playback.currentTime).toBeGreaterThanOrEqual(4);
      expect(playback.keyIds).toEqual(kids);
    });

    it.skipIf(!SWEEPS).each(SCHEMES)(
      `no further than the first with another second key, %s ${BY_SWEEPS}`,
      async (scheme) => {
        const playback = await run(scheme, KEY);
        expect(playback.error).not.toBeNull();
        expect(playback.currentTime).toBeLessThan(3.1);
      },
    );
  });
});
