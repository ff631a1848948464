import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { trackHashes } from '../support/sample-hashes.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

// KID, key of Microsoft's public test seed, and CHECKSUM, as published in the PlayReady documentation.
const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
const CHECKSUM = '5TzIYQ2hrOY=';
const INPUT = sample('bars.mp4');
const ENV = { PRPACK_KID: KID, PRPACK_KEY: KEY };

const inFolder = temporaryFolder();
const keyFile = inFolder('keys.json');
const encrypted = inFolder('encrypted.mp4');

beforeAll(async () => {
  writeFileSync(keyFile, JSON.stringify([{ kid: KID, key: KEY }]), { mode: 0o600 });
  const args = [
    'encrypt',
    INPUT,
    encrypted,
    '--key-file',
    keyFile,
    '--la-url',
    'https://drm.example/la?a=1&b=2',
  ];
  expect(await runCli([...args, '--quiet'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
});

describe('prpack encrypt', () => {
  it('reports to people on stderr, and keeps stdout empty', async () => {
    const { exitCode, stdout, stderr } = await runCli([
      'encrypt',
      INPUT,
      inFolder('a.mp4'),
      '--key-file',
      keyFile,
    ]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toContain(`Encrypted ${INPUT} → ${inFolder('a.mp4')}\n`);
    expect(stderr).toMatch(
      /\n {6}1 {2}video {2}avc1\.\S+ +encrypted {2}10000000-1000-1000-1000-100000000001 /,
    );
    expect(stderr).toContain('2 of 2 tracks are encrypted.\n');
    expect(stderr).not.toContain('\u001b');
  });

  it('reports the SHA-256 of the output with --sha256, to people and to programs', async () => {
    const output = inFolder('sha.mp4');
    const args = ['encrypt', INPUT, output, '--key-store', `sqlite:${inFolder('sha.sqlite')}`, '--sha256'];
    const { stderr } = await runCli(args, { env: ENV });
    const sha256 = createHash('sha256').update(readFileSync(output)).digest('hex');
    expect(stderr).toContain(`\nSHA-256: ${sha256}\n`);
    const { json } = await runCliJson(args, { env: ENV });
    expect(json).toMatchObject({
      unchanged: true,
      sha256,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const title = await runCliJson(['package', INPUT, '--out-dir', inFolder('title'), '--sha256']);
    expect(title.exitCode).toBe(2);
  });

  it('reports to programs as one JSON object on stdout', async () => {
    const output = inFolder('json.mp4');
    const keyStore = `sqlite:${inFolder('json.sqlite')}`;
    const args = ['encrypt', INPUT, output, '--la-url', 'https://drm.example/la', '--key-store', keyStore];
    const { exitCode, json, stderr } = await runCliJson(args, { env: ENV });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(json).toMatchObject({
      input: INPUT,
      output,
      bytes: statSync(output).size,
      layout: 'fragmented',
      scheme: 'cenc',
      dryRun: false,
      warnings: [],
      tracks: [
        { id: 1, type: 'video', encrypted: true, kid: KID, ivSize: 8 },
        { id: 2, type: 'audio', encrypted: true, kid: KID, ivSize: 8 },
      ],
      pssh: [
        { systemId: '9a04f079-9840-4286-ab92-e65be0885f95', name: 'PlayReady', keyIds: [KID] },
        { systemId: '1077efec-c0b2-4d02-ace3-3c1e52e2fb4b', keyIds: [KID] },
      ],
    });
    expect(json.tracks[0].protectedBytes).toBeGreaterThan(0);
    expect(json.timings.totalMs).toBeGreaterThan(0);
    expect(JSON.stringify(json)).not.toContain(KEY);
  });

  it('passes what the options say on', async () => {
    const output = inFolder('options.mp4');
    const args = ['encrypt', INPUT, output, '--track', 'video', '--layout', 'keep', '--iv-size', '16'];
    const drm = ['--systems', 'playready,widevine', '--content-id', 'film-7', '--playready-version', '4.2'];
    const attributes = inFolder('attributes.xml');
    writeFileSync(attributes, '<TITLE xmlns="">Bars</TITLE>');
    const header = [
      '--no-checksum',
      '--lui-url',
      'https://drm.example/buy',
      '--custom-attributes',
      `@${attributes}`,
    ];
    const store = [
      '--ds-id',
      'EBESExQVFhcYGRobHB0eHw==',
      '--reserve-license-store',
      '4096',
      '--decryptor-setup',
      'on-demand',
    ];
    const { json } = await runCliJson([...args, ...drm, ...header, ...store, '--key-file', keyFile]);
    expect(json.layout).toBe('keep');
    expect(json.tracks).toMatchObject([{ encrypted: true, ivSize: 16 }, { encrypted: false }]);
    const inspected = await runCliJson(['inspect', output]);
    expect(inspected.json.layout).toBe('progressive');
    expect(inspected.json.pssh).toMatchObject([
      {
        name: 'PlayReady',
        playready: {
          version: '4.2.0.0',
          luiUrl: 'https://drm.example/buy',
          dsId: 'EBESExQVFhcYGRobHB0eHw==',
          decryptorSetup: 'ONDEMAND',
          licenseStoreBytes: 4096,
          keys: [{ kid: KID, algId: 'AESCTR' }],
        },
      },
      { name: 'Widevine', widevine: { contentId: Buffer.from('film-7').toString('hex') } },
    ]);
    expect(inspected.json.pssh[0].playready.customAttributes).toContain('Bars');
    expect(inspected.json.pssh[0].playready.keys[0].checksum).toBeUndefined();
  });

  it('adds a pssh box from base64 and from a file', async () => {
    const built = await runCli(['pssh', 'build', '--system', 'widevine', '--kid', KID]);
    const file = inFolder('extra.pro');
    const pro = ['pssh', 'build', '--kid', KID, '--format', 'pro', '--out', file];
    expect(await runCli(pro)).toMatchObject({ exitCode: 0, stdout: '' });
    const extra = ['--systems', 'common', '--pssh', built.stdout.trim(), '--pssh', `@${file}`];
    const args = ['encrypt', INPUT, inFolder('extra.mp4'), '--key-file', keyFile, ...extra];
    const { json } = await runCliJson(args);
    expect(json.pssh.map(({ name }: { name: string }) => name)).toEqual([
      'W3C Common (Clear Key)',
      'Widevine',
      'PlayReady',
    ]);
  });

  it('plans and writes nothing with --dry-run', async () => {
    const output = inFolder('dry.mp4');
    const { json } = await runCliJson(['encrypt', INPUT, output, '--dry-run'], { env: ENV });
    expect(json).toMatchObject({ dryRun: true, tracks: [{ encrypted: true }, { encrypted: true }] });
    expect(existsSync(output)).toBe(false);
    const { stderr } = await runCli(['encrypt', INPUT, output, '--dry-run'], { env: ENV });
    expect(stderr).toMatch(/^Would encrypt /);
    expect(existsSync(output)).toBe(false);
  });

  it('warns of a key on the command line, and takes it', async () => {
    const args = ['encrypt', INPUT, inFolder('cmd.mp4'), '--kid', KID, '--key', KEY];
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('warning: The key was given on the command line');
    expect(stderr).not.toContain(KEY);
    const { json } = await runCliJson([...args, '--force']);
    expect(json.warnings[0]).toContain('other users of this machine can read it');
  });

  it('uses the public test server with --playready-test, and warns', async () => {
    const output = inFolder('test.mp4');
    const args = ['encrypt', INPUT, output, '--playready-test', '--kid', KID];
    const { json } = await runCliJson(args);
    expect(json.warnings[0]).toContain('protects nothing');
    const { json: inspected } = await runCliJson(['inspect', output, '--playready-test']);
    expect(inspected.pssh[0].playready).toMatchObject({
      laUrl: 'https://test.playready.microsoft.com/service/rightsmanager.asmx',
      keys: [{ kid: KID, checksum: CHECKSUM, checksumMatches: true }],
    });
    await runCliJson([...args, '--force', '--la-url', 'https://drm.example/own']);
    const own = await runCliJson(['inspect', output]);
    expect(own.json.pssh[0].playready.laUrl).toBe('https://drm.example/own');
  });

  it('derives keys from a seed file', async () => {
    const seed = inFolder('seed.txt');
    writeFileSync(seed, 'XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I\n', { mode: 0o600 });
    const output = inFolder('seed.mp4');
    const args = ['encrypt', INPUT, output, '--key-seed-file', seed, '--kid', KID];
    expect((await runCliJson(args)).exitCode).toBe(0);
    const { json } = await runCliJson(['inspect', output]);
    expect(json.pssh[0].playready.keys[0].checksum).toBe(CHECKSUM);
  });

  it.skipIf(process.platform === 'win32')('warns of a key file that others can use', async () => {
    const path = inFolder('open.json');
    writeFileSync(path, JSON.stringify([{ kid: KID, key: KEY }]), { mode: 0o644 });
    const { exitCode, json } = await runCliJson(['inspect', encrypted, '--key-file', path]);
    expect(exitCode).toBe(0);
    expect(json.warnings).toEqual([expect.stringContaining(`chmod 600 ${path}`)]);
    const told = await runCli(['decrypt', encrypted, inFolder('open.mp4'), '--key-file', path]);
    expect(told).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`chmod 600 ${path}`) });
  });

  it('makes a random key where none is named, and keeps it only where it can be kept', async () => {
    const output = inFolder('random.mp4');
    const unkept = ['encrypt', INPUT, output, '--no-register'];
    for (const args of [unkept, [...unkept, '--dry-run']]) {
      const refused = await runCliJson(args);
      expect(refused).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_REQUIRED' } } });
      expect(existsSync(output)).toBe(false);
    }
    const keysOut = inFolder('random.json');
    const { exitCode, json } = await runCliJson([...unkept, '--keys-out', keysOut]);
    expect(exitCode).toBe(0);
    expect(json.keyStore).toBeUndefined();
    expect(statSync(keysOut).mode & 0o777).toBe(0o600);
    const [{ kid, key }] = JSON.parse(readFileSync(keysOut, 'utf8')).keys;
    expect(json.tracks[0].kid).toBe(kid);
    expect(JSON.stringify(json)).not.toContain(key);
    const clear = inFolder('random-clear.mp4');
    const decrypted = await runCliJson(['decrypt', output, clear, '--key-file', keysOut]);
    expect(decrypted.exitCode).toBe(0);
  });

  it('counts the environment only where no option names a source', async () => {
    const env = { PRPACK_KID: '20000000-2000-2000-2000-200000000002', PRPACK_KEY: '0'.repeat(32) };
    const args = ['encrypt', INPUT, inFolder('env.mp4'), '--key-file', keyFile];
    const { json } = await runCliJson(args, { env });
    expect(json.tracks[0].kid).toBe(KID);
  });

  it.each<[string, () => string[], number, string]>([
    ['a missing input', () => ['none.mp4', inFolder('x.mp4')], 3, 'INPUT_NOT_FOUND'],
    ['a file that is no MP4', () => [keyFile, inFolder('x.mp4')], 3, 'NOT_MP4'],
    ['an encrypted input', () => [encrypted, inFolder('x.mp4')], 3, 'ALREADY_ENCRYPTED'],
    ['an existing output', () => [INPUT, encrypted], 6, 'OUTPUT_EXISTS'],
    ['a missing directory', () => [INPUT, inFolder('no/x.mp4')], 6, 'OUTPUT_FAILED'],
  ])('refuses %s', async (_, files, exitCode, code) => {
    const before = readdirSync(inFolder('')).sort();
    const result = await runCliJson(['encrypt', ...files(), '--key-file', keyFile]);
    expect({ exitCode: result.exitCode, code: result.json.error.code }).toEqual({ exitCode, code });
    expect(result.json.error.remedy).toMatch(/\.$/);
    expect(result.stderr).toBe('');
    expect(readdirSync(inFolder('')).sort()).toEqual(before);
  });

  it('encrypts an encrypted input again, with its keys', async () => {
    const [output, newKeyFile] = [inFolder('again.mp4'), inFolder('new.json')];
    const args = [
      'encrypt',
      encrypted,
      output,
      '--no-register',
      '--keys-out',
      newKeyFile,
      '--scheme',
      'cbcs',
    ];
    const { exitCode, json } = await runCliJson([...args, '--decrypt-keys', keyFile]);
    expect({ exitCode, scheme: json.scheme }).toEqual({ exitCode: 0, scheme: 'cbcs' });
    const clear = inFolder('again.clear.mp4');
    const back = await runCliJson(['decrypt', output, clear, '--key-file', newKeyFile]);
    expect(back.exitCode).toBe(0);
    expect(trackHashes(clear, 'video')).toEqual(trackHashes(INPUT, 'video'));
  });

  it('does nothing on a rerun, encrypted input or not', async () => {
    const output = inFolder('rerun.mp4');
    const store = ['--key-store', `sqlite:${inFolder('rerun.sqlite')}`, '--la-url', 'https://drm.example/la'];
    const args = ['encrypt', encrypted, output, '--decrypt-keys', keyFile, '--scheme', 'cbcs', ...store];
    for (const unchanged of [false, true]) {
      const { exitCode, json } = await runCliJson(args);
      expect({ exitCode, unchanged: json.unchanged }).toEqual({ exitCode: 0, unchanged });
    }
  });

  it('finds the keys of an encrypted input where --decrypt-keys says, in the store and in documents too', async () => {
    const store = ['--key-store', `sqlite:${inFolder('sources.sqlite')}`];
    const first = inFolder('first.mp4');
    const content = ['--content-id', 'film', ...store];
    expect((await runCliJson(['encrypt', INPUT, first, ...content])).exitCode).toBe(0);
    const exported = ['--content-id', 'film', '--algorithm', 'AESCTR', ...store];
    const document = inFolder('film.cpix');
    await runCliJson(['keys', 'export', document, '--format', 'cpix', ...exported]);
    for (const [i, source] of ['store', `cpix:${document}`].entries()) {
      const [output, clear] = [inFolder(`source-${i}.mp4`), inFolder(`source-${i}.clear.mp4`)];
      const args = ['encrypt', first, output, '--decrypt-keys', source, '--scheme', 'cbcs', ...content];
      const { exitCode, json } = await runCliJson(args);
      expect({ exitCode, scheme: json.scheme }).toEqual({ exitCode: 0, scheme: 'cbcs' });
      expect((await runCliJson(['decrypt', output, clear, ...store])).exitCode).toBe(0);
      expect(trackHashes(clear, 'video')).toEqual(trackHashes(INPUT, 'video'));
    }
    const { json: records } = await runCliJson(['keys', 'list', ...store]);
    const kinds = records.map(({ algorithm, contentId }: Record<string, string>) => [algorithm, contentId]);
    expect(kinds.sort()).toEqual([
      ['AESCBC', 'film'],
      ['AESCTR', 'film'],
    ]); // another mode, another key
  });

  it('refuses the registered KID of the input for another mode', async () => {
    const store = ['--key-store', `sqlite:${inFolder('mode.sqlite')}`];
    const first = inFolder('mode.mp4');
    const { json } = await runCliJson(['encrypt', INPUT, first, ...store]);
    const output = inFolder('mode-again.mp4');
    const args = [
      'encrypt',
      first,
      output,
      '--decrypt-keys',
      'store',
      '--kid',
      json.tracks[0].kid,
      '--scheme',
      'cbcs',
    ];
    const refused = await runCliJson([...args, ...store]);
    expect(refused).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_CONFLICT' } } });
    expect(existsSync(output)).toBe(false);
  });

  it('takes the source from configuration and environment, and says no key again', async () => {
    const again = (env: Record<string, string>, args: readonly string[] = []) =>
      runCliJson(['encrypt', encrypted, inFolder('env.mp4'), '--dry-run', ...args], { env });
    expect((await again({ PRPACK_DECRYPT_KEYS: keyFile })).exitCode).toBe(0);
    const config = inFolder('again.config.json');
    writeFileSync(config, JSON.stringify({ decryptKeys: 'keys.json' }));
    expect((await again({}, ['--config', config])).exitCode).toBe(0);
    for (const misplaced of [`${KID}:${KEY}`, KEY]) {
      const inVariable = await again({ PRPACK_DECRYPT_KEYS: misplaced });
      const inArgument = await again({}, [`--decrypt-keys=${misplaced}`]);
      for (const { exitCode, json, stderr } of [inVariable, inArgument]) {
        expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
        expect(`${JSON.stringify(json)}${stderr}`).not.toContain(KEY);
      }
    }
  });

  it('refuses what does not go together before a key is looked for', async () => {
    const missing = ['--decrypt-keys', inFolder('missing.json')];
    const lead = [
      'encrypt',
      encrypted,
      inFolder('x.mp4'),
      '--layout',
      'keep',
      '--clear-lead',
      '2',
      ...missing,
    ];
    const stream = ['encrypt', '-', inFolder('x.mp4'), '--content-id', 'x', ...missing];
    const two = ['--decrypt-keys', 'cpix:https://a.example/k', '--cpix', 'https://b.example/k'];
    const servers = ['encrypt', encrypted, inFolder('x.mp4'), ...two, '--cpix-auth', `@${keyFile}`];
    for (const args of [lead, stream, servers]) {
      const { exitCode, json } = await runCliJson(args);
      expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
    }
  });

  it('names the option where an encrypted input comes without its keys', async () => {
    const result = await runCliJson(['encrypt', encrypted, inFolder('x.mp4'), '--key-file', keyFile]);
    expect(result.json.error.remedy).toContain('--decrypt-keys');
  });

  it('says an error even with --quiet', async () => {
    const args = ['encrypt', join('no', 'such.mp4'), inFolder('x.mp4'), '--quiet'];
    const { exitCode, stdout, stderr } = await runCli(args, { env: ENV });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(/^error: .*\[INPUT_NOT_FOUND\]\n[\s\S]* {2}next /);
  });
});

describe('prpack inspect', () => {
  it('prints tables to stdout', async () => {
    const { exitCode, stdout, stderr } = await runCli(['inspect', encrypted, '--key-file', keyFile]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/\n {2}layout +fragmented, \d+ fragments?\n/);
    expect(stdout).toMatch(/\n +1 {2}video {2}avc1\.\S+ .* cenc +10000000-1000-1000-1000-100000000001 +8 /);
    expect(stdout).toContain('PlayReady pssh version 0, moov\n');
    expect(stdout).toContain(`AESCTR, checksum ${CHECKSUM} (matches the key)\n`);
    expect(stdout).toContain('\n        <LA_URL>https://drm.example/la?a=1&amp;b=2</LA_URL>\n');
  });

  it('prints one JSON object', async () => {
    const { exitCode, json } = await runCliJson(['inspect', encrypted]);
    expect(exitCode).toBe(0);
    expect(json.tracks[0]).toMatchObject({ id: 1, type: 'video', encrypted: true, scheme: 'cenc', kid: KID });
    const { systemId, name, keyIds, data, playready } = json.pssh[0];
    expect({ systemId, name, keyIds }).toEqual({
      systemId: '9a04f079-9840-4286-ab92-e65be0885f95',
      name: 'PlayReady',
      keyIds: [KID],
    });
    expect(Buffer.from(data, 'base64').toString('utf16le')).toContain('WRMHEADER');
    expect(playready).toMatchObject({
      version: '4.0.0.0',
      laUrl: 'https://drm.example/la?a=1&b=2',
      keys: [{ kid: KID, algId: 'AESCTR', checksum: CHECKSUM }],
    });
    expect(playready.xml).toMatch(/^<WRMHEADER /);
  });

  it('says when a checksum is not that of the key', async () => {
    const env = { PRPACK_KID: KID, PRPACK_KEY: '0'.repeat(32) };
    const { json } = await runCliJson(['inspect', encrypted], { env });
    expect(json.pssh[0].playready.keys[0].checksumMatches).toBe(false);
  });

  it('lists the boxes with --boxes', async () => {
    const { stdout } = await runCli(['inspect', encrypted, '--boxes']);
    expect(stdout).toMatch(/\nBoxes\n +OFFSET +SIZE {2}BOX\n +0 +\d+ {2}ftyp\n/);
    expect(stdout).toMatch(/\n +\d+ +\d+ {8}tenc\n|\n +\d+ +\d+ {2,}tenc\n/);
    const { json } = await runCliJson(['inspect', encrypted, '--boxes']);
    expect(json.boxes[0]).toMatchObject({ type: 'ftyp', offsetBytes: 0 });
  });

  it('shows a clear file', async () => {
    const { stdout } = await runCli(['inspect', INPUT]);
    expect(stdout).toMatch(/layout +progressive\n/);
    expect(stdout).toContain('No pssh box');
  });
});

describe('prpack decrypt', () => {
  it.each([
    ['a key file', () => ['--key-file', keyFile], {}],
    ['the environment', () => [], ENV],
    ['the command line', () => ['--kid', KID, '--key', KEY], {}],
    ['the public test seed', () => ['--playready-test'], {}],
  ])('takes the key from %s', async (source, keys, env) => {
    const output = inFolder(`clear from ${source}.mp4`);
    const { exitCode, json } = await runCliJson(['decrypt', encrypted, output, ...keys()], { env });
    expect({ exitCode, output: json.output }).toEqual({ exitCode: 0, output });
    expect(json.tracks.every(({ encrypted }: { encrypted: boolean }) => !encrypted)).toBe(true);
    expect((await runCliJson(['inspect', output])).json.pssh).toEqual([]);
  });

  it('reports to people on stderr', async () => {
    const output = inFolder('clear.mp4');
    const { exitCode, stdout, stderr } = await runCli(['decrypt', encrypted, output, '--key-file', keyFile]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toMatch(/^Decrypted /);
  });

  it('refuses a clear file', async () => {
    const args = ['decrypt', INPUT, inFolder('x.mp4'), '--key-file', keyFile];
    expect(await runCliJson(args)).toMatchObject({ exitCode: 3, json: { error: { code: 'NOT_ENCRYPTED' } } });
  });

  it('says which key is missing', async () => {
    const env = { PRPACK_KID: '20000000-2000-2000-2000-200000000002', PRPACK_KEY: KEY };
    const { exitCode, json } = await runCliJson(['decrypt', encrypted, inFolder('x.mp4')], { env });
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code: 'KEY_REQUIRED' });
    expect(json.error.message).toContain(KID);
  });
});
