import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const INPUT = sample('bars.mp4');
const NAME = 'bars';
const TEST_KID = '10000000-1000-1000-1000-100000000001';

const inFolder = temporaryFolder();

/** A key store and KEK that no other test uses. */
function ownStore(name: string): { env: Record<string, string>; database: string; kek: string } {
  const env = { XDG_DATA_HOME: inFolder(`${name}/data`), XDG_CONFIG_HOME: inFolder(`${name}/config`) };
  return {
    env,
    database: `${env.XDG_DATA_HOME}/prpack/keys.sqlite`,
    kek: `${env.XDG_CONFIG_HOME}/prpack/kek`,
  };
}

describe('prpack encrypt without options', () => {
  const { env, database, kek } = ownStore('plain');
  const output = inFolder('plain.mp4');
  let report: { kid: string; json: Record<string, unknown> };

  beforeAll(async () => {
    const { exitCode, json } = await runCliJson(['encrypt', INPUT, output], { env });
    expect(exitCode).toBe(0);
    report = { kid: json.tracks[0].kid, json };
  });

  it('registers its key, wrapped, before it is done', async () => {
    expect(report.json).toMatchObject({
      contentId: 'bars',
      keyStore: `sqlite:${database}`,
      unchanged: false,
    });
    expect([database, kek].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o600]);
    const { json } = await runCliJson(['keys', 'list'], { env });
    expect(json).toMatchObject([
      { kid: report.kid, contentId: 'bars', algorithm: 'AESCTR', state: 'active', source: 'random' },
    ]);
  });

  it('lets decrypt and inspect find the key', async () => {
    const clear = inFolder('clear.mp4');
    expect((await runCliJson(['decrypt', output, clear], { env })).exitCode).toBe(0);
    expect((await runCliJson(['inspect', clear], { env })).json.pssh).toEqual([]);
    const { json } = await runCliJson(['inspect', output], { env });
    expect(json.pssh[0].playready.keys[0].checksumMatches).toBe(true);
    expect(json.warnings).toEqual([]);
  });

  it('says on a rerun that nothing was to be done', async () => {
    const before = readFileSync(output);
    const { exitCode, json } = await runCliJson(['encrypt', INPUT, output], { env });
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({ unchanged: true, tracks: [{ kid: report.kid }, { kid: report.kid }] });
    expect(readFileSync(output).equals(before)).toBe(true);
    const { stderr } = await runCli(['encrypt', INPUT, output], { env });
    expect(stderr).toMatch(/^Unchanged: /);
  });

  it('takes the keys of the content id again for another output', async () => {
    const args = ['encrypt', INPUT, inFolder('again.mp4'), '--content-id', 'bars', '--layout', 'keep'];
    const { json } = await runCliJson(args, { env });
    expect(json.tracks[0].kid).toBe(report.kid);
  });

  it('takes a registered KID for other content', async () => {
    const args = ['encrypt', INPUT, inFolder('kid.mp4'), '--content-id', 'other', '--kid', report.kid];
    const { exitCode, json } = await runCliJson(args, { env });
    expect({ exitCode, kid: json.tracks[0].kid }).toEqual({ exitCode: 0, kid: report.kid });
  });

  it('leaves the key in no report, audit, store or output, in no form', async () => {
    const { json } = await runCliJson(['keys', 'show', report.kid, '--reveal'], { env });
    const bytes = Buffer.from(json.key, 'hex');
    const { stderr } = await runCli(['encrypt', INPUT, inFolder('leak.mp4'), '--content-id', 'bars'], {
      env,
    });
    const { stdout: audit } = await runCli(['keys', 'audit', '--json'], { env });
    const said = [JSON.stringify(report.json), stderr, audit].join('\n').toLowerCase();
    const forms = [json.key, bytes.toString('base64'), bytes.toString('base64url')];
    expect(forms.filter((form) => said.includes(form.toLowerCase()))).toEqual([]);
    const files = [database, `${database}-wal`, output, inFolder('leak.mp4')].filter((path) =>
      existsSync(path),
    );
    for (const path of files) {
      const content = readFileSync(path);
      expect(
        [bytes, ...forms].filter((form) => content.includes(form)),
        path,
      ).toEqual([]);
    }
  });

  it('opens the key for nobody with another KEK, and changes nothing', async () => {
    const strange = { ...env, PRPACK_KEK: '11'.repeat(32) };
    const clear = inFolder('strange.mp4');
    const decrypted = await runCliJson(['decrypt', output, clear], { env: strange });
    expect(decrypted).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_INVALID' } } });
    expect(existsSync(clear)).toBe(false);
    const encrypted = await runCliJson(['encrypt', INPUT, clear, '--content-id', 'new'], { env: strange });
    expect(encrypted).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_INVALID' } } });
    expect(existsSync(clear)).toBe(false);
    const inspected = await runCliJson(['inspect', output], { env: strange });
    expect(inspected.exitCode).toBe(0);
    expect(inspected.json.warnings[0]).toContain('could not be looked up in the key store');
  });
});

describe('prpack encrypt --key-per', () => {
  const { env } = ownStore('key-per');

  it.each([
    ['type', ['audio', 'video']],
    ['track', ['track-1', 'track-2']],
    ['resolution', ['AUDIO', 'SD']],
  ])('%s registers a key for each', async (keyPer, labels) => {
    const output = inFolder(`${keyPer}.mp4`);
    const args = ['encrypt', INPUT, output, '--key-per', keyPer, '--content-id', keyPer];
    const { json } = await runCliJson(args, { env });
    expect(new Set(json.tracks.map(({ kid }: { kid: string }) => kid)).size).toBe(2);
    const listed = await runCliJson(['keys', 'list', '--content-id', keyPer], { env });
    expect(listed.json.map(({ label }: { label: string }) => label).sort()).toEqual(labels);
    expect((await runCliJson(args, { env })).json.unchanged).toBe(true);
    expect((await runCliJson(['decrypt', output, inFolder(`${keyPer}-clear.mp4`)], { env })).exitCode).toBe(
      0,
    );
  });
});

describe('prpack encrypt --no-register', () => {
  const { env, database } = ownStore('no-register');

  it('says so, and makes no store', async () => {
    const args = ['encrypt', INPUT, inFolder('unregistered.mp4'), '--no-register', '--playready-test'];
    const { exitCode, stderr } = await runCli(args, { env });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('The keys were not registered (--no-register).\n');
    expect(existsSync(database)).toBe(false);
  });
});

describe('prpack encrypt --playready-test', () => {
  const { env, kek } = ownStore('test');

  it('registers the id of the seed, and needs neither a store nor a KEK before', async () => {
    const output = inFolder('test.mp4');
    const args = ['encrypt', INPUT, output, '--playready-test', '--kid', TEST_KID];
    expect((await runCliJson(args, { env })).exitCode).toBe(0);
    expect(existsSync(kek)).toBe(false); // there was nothing to wrap
    const { json } = await runCliJson(['keys', 'list'], { env });
    expect(json).toMatchObject([
      { kid: TEST_KID, source: 'seed', seedId: expect.any(String), state: 'active' },
    ]);
    const shown = await runCliJson(['keys', 'show', TEST_KID, '--reveal'], { env });
    // Key of this KID under Microsoft's public test seed, as the PlayReady documentation has it.
    expect(shown.json.key).toBe('3a2a1b68dd2bd9b2eeb25e84c4776668');
    expect((await runCliJson(['decrypt', output, inFolder('test-clear.mp4')], { env })).exitCode).toBe(0);
  });
});

describe('prpack encrypt with a key seed', () => {
  const { env } = ownStore('seed');

  it('takes the KID of the content id again, so that a rerun is finished work', async () => {
    const output = inFolder('seed.mp4');
    const args = ['encrypt', INPUT, output, '--playready-test'];
    const { json: first } = await runCliJson(args, { env });
    const { json: second } = await runCliJson(args, { env });
    expect(second).toMatchObject({ unchanged: true, tracks: first.tracks });
    expect(first.contentId).toBe(`playready-test:${NAME}`);
    const secret = await runCliJson(['encrypt', INPUT, inFolder('seed-2.mp4')], { env });
    expect(secret).toMatchObject({ exitCode: 0, json: { contentId: NAME } }); // a trial takes no name
    expect(secret.json.tracks[0].kid).not.toBe(first.tracks[0].kid);
  });

  it('says of a content that an earlier run registered where it is, and the two ways out', async () => {
    const seed = inFolder('seed.txt');
    writeFileSync(seed, '5a'.repeat(30), { mode: 0o600 });
    const input = inFolder('taken.mp4');
    copyFileSync(INPUT, input);
    const args = ['encrypt', input, inFolder('taken.enc.mp4')];
    expect((await runCliJson([...args, '--key-seed-file', seed], { env })).exitCode).toBe(0);
    const { exitCode, json } = await runCliJson(['encrypt', input, inFolder('taken-2.mp4')], { env });
    expect(exitCode).toBe(5);
    expect(json.error).toMatchObject({
      code: 'KEY_REQUIRED', // a key of a seed is not taken unasked
      message: expect.stringMatching(
        /^the content "taken" \(after the name of the input\) was registered by an earlier run in sqlite:.*keys\.sqlite/,
      ),
      remedy: expect.stringMatching(/--key-seed-file.*--content-id/),
    });
  });

  it('takes no key that does not follow from the seed', async () => {
    const content = ['--content-id', 'mixed'];
    await runCliJson(['keys', 'add', ...content], { env });
    const args = ['encrypt', INPUT, inFolder('seed-3.mp4'), '--playready-test', ...content];
    const { json } = await runCliJson(args, { env });
    const inspected = await runCliJson(['inspect', inFolder('seed-3.mp4'), '--playready-test'], { env });
    expect(inspected.json.pssh[0].playready.keys).toMatchObject([
      { kid: json.tracks[0].kid, checksumMatches: true },
    ]);
  });
});

describe('without a key store', () => {
  const { env } = ownStore('none');

  it('inspect, decrypt, a plan and questions make none', async () => {
    const output = inFolder('foreign.mp4');
    const args = ['encrypt', INPUT, output, '--playready-test', '--no-register', '--kid', TEST_KID];
    await runCliJson(args, { env });
    const inspected = await runCliJson(['inspect', output], { env });
    expect(inspected).toMatchObject({ exitCode: 0, json: { warnings: [] } });
    const decrypted = await runCliJson(['decrypt', output, inFolder('foreign-clear.mp4')], { env });
    expect(decrypted).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_REQUIRED' } } });
    const planned = await runCliJson(['encrypt', INPUT, inFolder('planned.mp4'), '--dry-run'], { env });
    expect(planned).toMatchObject({ exitCode: 0, json: { dryRun: true } });
    expect((await runCliJson(['keys', 'list'], { env })).json).toEqual([]);
    expect((await runCliJson(['keys', 'audit'], { env })).json).toEqual([]);
    expect(existsSync(inFolder('none'))).toBe(false);
  });
});

describe('a key store that cannot be used: exit 5, and no output', () => {
  const output = inFolder('never.mp4');

  it.each([
    ['another file', () => ['--key-store', `sqlite:${INPUT}`], 'KEY_STORE_FAILED'],
    ['a directory', () => ['--key-store', `sqlite:${inFolder('')}`], 'KEY_STORE_FAILED'],
    ['a place below a file', () => ['--key-store', `sqlite:${INPUT}/keys.sqlite`], 'KEY_STORE_FAILED'],
    ['a KEK that is not there', () => ['--kek-file', inFolder('no-kek')], 'KEY_REQUIRED'],
    [
      'a KEK that others can read',
      () => {
        const path = inFolder('open-kek');
        writeFileSync(path, '22'.repeat(32));
        chmodSync(path, 0o644);
        return ['--kek-file', path];
      },
      'KEY_INVALID',
    ],
  ])('%s', async (name, flags, code) => {
    const { env } = ownStore(name);
    const before = readdirSync(inFolder(''));
    const { exitCode, json } = await runCliJson(['encrypt', INPUT, output, ...flags()], { env });
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code });
    expect(json.error.remedy).toMatch(/\.$/);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(inFolder('')).filter((entry) => entry.includes('never'))).toEqual([]);
    expect(before).not.toContain('never.mp4');
  });
});
