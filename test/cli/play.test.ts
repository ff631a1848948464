import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliResult, runCli, runCliJson } from '../support/cli.js';
import { CUTS, writeLadder } from '../support/ladder.js';
import { temporaryFolder } from '../support/temporary.js';
import { failureOfCli } from './failure.js';

const temporary = temporaryFolder();
const HOME = temporary('home');
const env = { HOME, XDG_DATA_HOME: join(HOME, 'data'), XDG_CONFIG_HOME: join(HOME, 'config') };
const CUT_FLAGS = [
  ...['--fragment-duration', `${CUTS.fragmentDurationSeconds}`],
  ...['--segment-duration', `${CUTS.segmentDurationSeconds}`],
];

/** Runs `prpack play` while `work` is done against its page. */
async function playing(args: readonly string[], work: (url: string) => Promise<void>): Promise<CliResult> {
  let failure: unknown;
  const result = await runCli(['play', ...args], {
    env,
    onStart(child) {
      let said = '';
      child.stderr!.on('data', function listen(part: Buffer) {
        said += part.toString();
        const url = / at (http:\S+)/.exec(said)?.[1];
        if (!url) return;
        child.stderr!.off('data', listen);
        work(url)
          .catch((error) => {
            failure = error;
          })
          .finally(() => child.kill('SIGTERM'));
      });
    },
  });
  if (failure) throw failure;
  return result;
}

describe('prpack play <folder>', () => {
  it('serves a presentation with licenses from the key store that package has filled', async () => {
    const out = temporary('film');
    await runCli(['package', ...writeLadder(temporary('ladder')), '--out-dir', out, ...CUT_FLAGS], { env });
    const { json: keys } = await runCliJson(['keys', 'list', '--content-id', 'film'], { env });
    const { exitCode, stderr } = await playing([out], async (url) => {
      const { manifests, players } = await jsonOf(fetch(`${url}data.json`));
      const kids = keys.map(({ kid }: { kid: string }) => kid).sort();
      for (const manifest of manifests) expect([...manifest.kids].sort()).toEqual(kids);
      expect(manifests.map(({ name }: { name: string }) => name)).toEqual(['manifest.mpd', 'main.m3u8']);
      expect(players).toMatchObject([{ version: expect.any(String) }, {}, {}]); // of the project's own tests
      const body = { kids: kids.map((kid: string) => toBase64url(kid)) };
      const answer = await jsonOf(fetch(`${url}license`, { method: 'POST', body: JSON.stringify(body) }));
      expect(answer.keys).toHaveLength(kids.length);
      expect((await fetch(`${url}media/main.m3u8`)).status).toBe(200);
    });
    expect(stderr).toContain(`Playing ${out} at`);
    expect(exitCode).toBe(0);
  });

  it('refuses what it cannot serve, and says what to give', async () => {
    const manifest = temporary('manifest.mpd');
    writeFileSync(manifest, '<MPD/>');
    const { text } = await failureOfCli(['play', manifest]);
    expect(text).toContain('by their folder');
    expect(text).toContain(`prpack play ${dirname(manifest)}`);
    const { exitCode, stderr } = await runCli(['play', temporary('ladder')], { env });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('has no manifest');
    expect(stderr).toContain('manifest.mpd or main.m3u8');
  });
});

// biome-ignore lint/suspicious/noExplicitAny: tests assert the shape, the compiler cannot
async function jsonOf(response: Promise<Response>): Promise<any> {
  return (await response).json();
}

function toBase64url(kid: string): string {
  return Buffer.from(kid.replaceAll('-', ''), 'hex').toString('base64url');
}
