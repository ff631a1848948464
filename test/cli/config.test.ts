import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const INPUT = sample('bars.mp4');

const inFolder = temporaryFolder();
mkdirSync(inFolder('project/below'), { recursive: true });
writeFileSync(
  inFolder('project/prpack.config.yaml'),
  'layout: keep\nlaUrl: https://drm.example/la\nkeyStore: sqlite:keys.sqlite\nregister: true\nivSize: 16\n',
);
const cwd = inFolder('project/below');

describe('the configuration file', () => {
  it('gives what the command line and the environment do not', async () => {
    const output = inFolder('a.mp4');
    const env = { PRPACK_IV_SIZE: '8' };
    const { json } = await runCliJson(['encrypt', INPUT, output, '--content-id', 'film'], { cwd, env });
    expect(json).toMatchObject({
      layout: 'keep',
      keyStore: `sqlite:${inFolder('project/keys.sqlite')}`,
      tracks: [{ ivSize: 8 }, { ivSize: 8 }],
      warnings: [],
    });
    const inspected = await runCliJson(['inspect', output], { cwd });
    expect(inspected.json.pssh[0].playready).toMatchObject({
      laUrl: 'https://drm.example/la',
      keys: [{ checksumMatches: true }],
    });
    const args = ['encrypt', INPUT, inFolder('b.mp4'), '--layout', 'fragmented', '--systems', 'widevine'];
    expect((await runCliJson(args, { cwd })).json).toMatchObject({
      layout: 'fragmented',
      tracks: [{ ivSize: 16 }, {}],
    });
  });

  it('is the named one with --config', async () => {
    const other = inFolder('other.json');
    writeFileSync(other, '{"register": false, "keyFile": "keys.json"}');
    writeFileSync(inFolder('keys.json'), `[{"kid": "${'1'.repeat(32)}", "key": "${'2'.repeat(32)}"}]`);
    const args = ['encrypt', INPUT, inFolder('c.mp4'), '--config', other];
    const { json } = await runCliJson(args, { cwd });
    expect(json).toMatchObject({
      layout: 'fragmented',
      tracks: [{ kid: '11111111-1111-1111-1111-111111111111' }, {}],
    });
    expect(json.keyStore).toBeUndefined();
    const test = await runCliJson([...args, '--playready-test', '--force'], { cwd });
    expect(test.exitCode).toBe(0); // a key source of the command line ends that of the file
  });

  it.each([
    ['an unknown setting', '{"layuot": "keep"}', {}, 'layuot (did you mean layout?)'],
    ['a wrong variable', '{}', { PRPACK_LAYOUT: 'flat' }, "PRPACK_LAYOUT: --layout cannot be 'flat'"],
    ['a wrong switch', '{}', { PRPACK_CHECKSUM: 'off' }, "PRPACK_CHECKSUM: --checksum cannot be 'off'"],
  ])('%s: exit 2', async (_, text, env, message) => {
    const path = inFolder('wrong.json');
    writeFileSync(path, text);
    const args = ['encrypt', INPUT, inFolder('d.mp4'), '--config', path];
    const { exitCode, json } = await runCliJson(args, { env });
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
    expect(json.error.message).toContain(message);
  });
});

describe('prpack config', () => {
  it('shows what is in force, and where it comes from', async () => {
    const env = { PRPACK_LAYOUT: 'fragmented', PRPACK_KEK: '5a'.repeat(32) };
    const { json } = await runCliJson(['config'], { cwd, env });
    const file = inFolder('project/prpack.config.yaml');
    expect(json.file).toBe(file);
    expect(json.settings).toEqual(
      expect.arrayContaining([
        { name: 'keyStore', value: `sqlite:${inFolder('project/keys.sqlite')}`, from: 'file', origin: file },
        { name: 'layout', value: 'fragmented', from: 'environment', origin: 'PRPACK_LAYOUT' },
        { name: 'keyPer', value: 'none', from: 'default' },
        { name: 'PRPACK_KEK', value: '[redacted]', from: 'environment', origin: 'PRPACK_KEK' },
      ]),
    );
    const { stdout } = await runCli(['config'], { cwd, env });
    expect(stdout).toMatch(/^Configuration file: .*prpack\.config\.yaml\n/);
    expect(stdout).toMatch(/\n {2}layout +fragmented +PRPACK_LAYOUT +PRPACK_LAYOUT\n/);
    expect(stdout + JSON.stringify(json)).not.toContain('5a5a');
  });

  it('hides credentials and works without a file', async () => {
    const env = { PRPACK_KEY_STORE: 'https://user:secret@keys.example/v1?token=secret' };
    const { json, exitCode } = await runCliJson(['config'], { env });
    expect(exitCode).toBe(0);
    expect(json.file).toBeUndefined();
    expect(json.settings[0].value).toBe('https://[redacted]@keys.example/v1?[redacted]');
    expect((await runCli(['config'], { env })).stdout).not.toContain('secret');
  });
});
