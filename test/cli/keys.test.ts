import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli, runCliJson } from '../support/cli.js';
import { writeKekProgram } from '../support/kek-program.js';
import { sample } from '../support/samples.js';
import { filesBelow } from '../support/secrets.js';
import { temporaryFolder } from '../support/temporary.js';

const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';
// CHECKSUM of this KID and key, as the PlayReady documentation has it.
const CHECKSUM = '5TzIYQ2hrOY=';
const OTHER_KID = '20000000-2000-2000-2000-200000000002';
const OTHER_KEY = '00112233445566778899aabbccddeeff';

const inFolder = temporaryFolder();
const STORE = ['--key-store', `sqlite:${inFolder('keys.sqlite')}`];
const keyFile = inFolder('keys.json');

/** Every run of this file, to look for keys in at the end. */
const runs: CliResult[] = [];

async function keys(...args: string[]): Promise<CliResult> {
  const result = await runCli(['keys', ...args, ...STORE]);
  runs.push(result);
  return result;
}

// biome-ignore lint/suspicious/noExplicitAny: tests assert the shape, the compiler cannot
async function keysJson(...args: string[]): Promise<any> {
  const { exitCode, stdout, stderr } = await keys(...args, '--json');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return JSON.parse(stdout);
}

async function keysFailure(...args: string[]): Promise<{ exitCode: number | null; code: string }> {
  const { exitCode, stdout } = await keys(...args, '--json');
  const { error } = JSON.parse(stdout);
  expect(error.remedy).toMatch(/\.$/);
  return { exitCode, code: error.code };
}

beforeAll(async () => {
  const entries = [
    { kid: KID, key: KEY, label: 'video', contentId: 'film-7', laUrl: 'https://drm.example/la' },
    { kid: OTHER_KID, key: OTHER_KEY, algorithm: 'AESCBC', policy: { use: 'rental' } },
  ];
  writeFileSync(keyFile, JSON.stringify({ keys: entries }));
  const imported = await keysJson('import', keyFile, '--content-id', 'film-8');
  expect(imported).toMatchObject({ created: 2, unchanged: 0, keys: [{ kid: KID }, { kid: OTHER_KID }] });
});

describe('prpack keys list', () => {
  it('prints an array of records, without keys', async () => {
    const all = await keysJson('list');
    expect(all).toEqual([
      {
        kid: KID,
        algorithm: 'AESCTR',
        contentId: 'film-7',
        label: 'video',
        source: 'file',
        kekId: expect.stringMatching(/^[0-9a-f]{16}$/),
        checksum: CHECKSUM,
        laUrl: 'https://drm.example/la',
        state: 'pending',
        outputs: [],
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
      },
      expect.objectContaining({
        kid: OTHER_KID,
        contentId: 'film-8',
        algorithm: 'AESCBC',
        policy: { use: 'rental' },
      }),
    ]);
  });

  it('prints a table, and chooses', async () => {
    const { stdout } = await keys('list', '--content-id', 'film-7', '--algorithm', 'AESCTR');
    expect(stdout).toMatch(/^ {2}KID +CONTENT ID {2}LABEL +ALGORITHM {2}STATE +SOURCE {2}CREATED +LA_URL\n/);
    expect(stdout).toMatch(/\n {2}10000000-\S+ {2}film-7 +video +AESCTR +pending +file +\S+ +https:\S+\n$/);
    expect(stdout.split('\n')).toHaveLength(3);
    expect((await keys('list', '--label', 'HD')).stdout).toMatch(/^No such key in sqlite:/);
  });

  it('follows the pages of a long list', async () => {
    const many = Array.from({ length: 1005 }, (_, i) => ({
      kid: `30000000-3000-3000-3000-${`${i}`.padStart(12, '0')}`,
      key: `${i}`.padStart(32, '0'),
    }));
    const path = inFolder('many.json');
    writeFileSync(path, JSON.stringify(many));
    const store = ['--key-store', `sqlite:${inFolder('many.sqlite')}`];
    await runCliJson(['keys', 'import', path, '--content-id', 'many', ...store]);
    const { json } = await runCliJson(['keys', 'list', ...store]);
    expect(json.map(({ kid }: { kid: string }) => kid)).toEqual(many.map(({ kid }) => kid));
    const { stdout } = await runCli(['keys', 'list', ...store]);
    expect(stdout.split('\n').filter((line) => line.includes('30000000-'))).toHaveLength(1005);
    expect((await runCliJson(['keys', 'audit', ...store])).json).toHaveLength(1005);
  });
});

describe('prpack keys show', () => {
  it('hides the key unless it is asked for', async () => {
    const { stdout } = await keys('show', KID);
    expect(stdout).toMatch(
      /^10000000-1000-1000-1000-100000000001\n {2}key +\[redacted\]; --reveal shows it\n/,
    );
    expect(await keysJson('show', KID)).not.toHaveProperty('key');
  });

  it('shows the key with --reveal, and the audit notes it', async () => {
    const { stdout } = await runCli(['keys', 'show', KID, '--reveal', ...STORE]);
    expect(stdout).toContain(`\n  key         ${KEY}\n`);
    const { json } = await runCliJson(['keys', 'show', KID.toUpperCase(), '--reveal', ...STORE]);
    expect(json).toMatchObject({ kid: KID, key: KEY, contentId: 'film-7', checksum: CHECKSUM });
    const audit = await keysJson('audit', '--kid', KID);
    expect(audit.map(({ operation }: { operation: string }) => operation)).toEqual([
      'register',
      'open',
      'open',
    ]);
  });

  it.each([
    ['a KID that is not registered', '99999999-9999-9999-9999-999999999999', 'KEY_REQUIRED'],
    ['a KID that is none', 'film-7', 'KEY_INVALID'],
  ])('refuses %s', async (_, kid, code) => {
    expect(await keysFailure('show', kid)).toEqual({ exitCode: 5, code });
  });
});

describe('prpack keys add', () => {
  it('registers a random key', async () => {
    const added = await keysJson(
      'add',
      '--content-id',
      'film-9',
      '--label',
      'HD',
      '--la-url',
      'https://a.example/',
    );
    expect(added).toMatchObject({
      outcome: 'created',
      contentId: 'film-9',
      label: 'HD',
      laUrl: 'https://a.example/',
      source: 'random',
      state: 'pending',
    });
    expect(added).not.toHaveProperty('key');
  });

  it('registers a given key once, and no other under its KID', async () => {
    const kid = '40000000-4000-4000-4000-400000000004';
    const env = { PRPACK_KID: kid, PRPACK_KEY: OTHER_KEY };
    const args = ['keys', 'add', '--content-id', 'film-10', ...STORE];
    expect((await runCliJson(args, { env })).json.outcome).toBe('created');
    expect((await runCliJson(args, { env })).json).toMatchObject({
      outcome: 'unchanged',
      contentId: 'film-10',
    });
    const conflict = await runCliJson([...args, '--kid', kid, '--key', KEY]);
    expect(conflict).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_CONFLICT' } } });
    expect(JSON.stringify(conflict.json)).not.toContain(KEY);
    const other = await runCliJson([...args, '--algorithm', 'AESCBC'], { env });
    expect(other).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_CONFLICT' } } });
  });

  it('makes a random key for a given KID', async () => {
    const kid = '50000000-5000-5000-5000-500000000005';
    expect(await keysJson('add', '--content-id', 'film-11', '--kid', kid)).toMatchObject({
      kid,
      source: 'random',
    });
    expect(await keysFailure('add', '--content-id', 'film-11', '--kid', kid)).toEqual({
      exitCode: 5,
      code: 'KEY_CONFLICT',
    });
  });
});

describe('prpack keys import', () => {
  it('registers all keys of a file or none', async () => {
    const path = inFolder('conflict.json');
    const fresh = '60000000-6000-6000-6000-600000000006';
    writeFileSync(
      path,
      JSON.stringify([
        { kid: fresh, key: KEY },
        { kid: KID, key: OTHER_KEY },
      ]),
    );
    expect(await keysFailure('import', path, '--content-id', 'film-7')).toEqual({
      exitCode: 5,
      code: 'KEY_CONFLICT',
    });
    expect(await keysFailure('show', fresh)).toEqual({ exitCode: 5, code: 'KEY_REQUIRED' });
    expect(await keysJson('import', keyFile, '--content-id', 'film-8')).toMatchObject({
      created: 0,
      unchanged: 2,
    });
  });

  it('needs a content id where the file names none', async () => {
    const { exitCode, code } = await keysFailure('import', keyFile);
    expect({ exitCode, code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
  });

  it('reports a missing file', async () => {
    expect(await keysFailure('import', inFolder('none.json'))).toEqual({
      exitCode: 5,
      code: 'KEY_SOURCE_FAILED',
    });
  });
});

describe('prpack keys export', () => {
  it('writes a key file that only its owner can read, and never over another', async () => {
    const path = inFolder('export.json');
    expect(await keysJson('export', path, '--content-id', 'film-7')).toEqual({
      path,
      format: 'json',
      keys: [KID],
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { keys: written } = JSON.parse(readFileSync(path, 'utf8'));
    const record = await keysJson('show', KID);
    expect(written).toEqual([{ ...record, key: KEY }]);
    expect(record).toMatchObject({ contentId: 'film-7', label: 'video', laUrl: 'https://drm.example/la' });
    expect(await keysFailure('export', path)).toEqual({ exitCode: 6, code: 'OUTPUT_EXISTS' });
    const elsewhere = ['--key-store', `sqlite:${inFolder('elsewhere.sqlite')}`];
    const imported = await runCliJson(['keys', 'import', path, ...elsewhere]);
    expect(imported.json).toMatchObject({
      created: 1,
      keys: [{ kid: KID, checksum: CHECKSUM, label: 'video' }],
    });
  });

  it.each([
    ['clear', [], []],
    ['encrypted', ['--recipient', inFolder('cert.pem')], ['--cpix-private-key', inFolder('private.pem')]],
  ])('writes a CPIX document with %s keys, and reads it again', async (form, recipient, privateKey) => {
    if (recipient.length > 0) makeCertificate();
    const path = inFolder(`${form}.cpix`);
    await keysJson('export', path, '--format', 'cpix', '--content-id', 'film-7', ...recipient);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const xml = readFileSync(path, 'utf8');
    expect(xml).toContain('contentId="film-7"');
    expect(xml.includes(Buffer.from(KEY, 'hex').toString('base64'))).toBe(form === 'clear');
    const store = ['--key-store', `sqlite:${inFolder(`${form}.sqlite`)}`];
    const imported = await runCliJson(['keys', 'import', path, ...privateKey, ...store]);
    expect(imported.json.keys).toMatchObject([
      {
        kid: KID,
        contentId: 'film-7',
        label: 'video',
        source: 'cpix',
        algorithm: 'AESCTR',
        checksum: CHECKSUM,
      },
    ]);
    if (recipient.length === 0) return;
    const locked = await runCliJson(['keys', 'import', path, ...store]);
    expect(locked).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_REQUIRED' } } });
  });

  it('refuses what would not do what was meant', async () => {
    const path = inFolder('refused');
    expect((await keysFailure('export', path, '--format', 'cpix')).code).toBe('INVALID_ARGUMENT');
    expect((await keysFailure('export', path, '--recipient', keyFile)).code).toBe('INVALID_ARGUMENT');
    expect((await keysFailure('export', path, '--content-id', 'none')).code).toBe('KEY_REQUIRED');
    expect(existsSync(path)).toBe(false);
  });
});

describe('prpack keys set-policy', () => {
  it('puts a policy in force, which an export takes along', async () => {
    const [store, other] = ['policies', 'others'].map((name) => [
      '--key-store',
      `sqlite:${inFolder(`${name}.sqlite`)}`,
    ]);
    const { json: added } = await runCliJson([
      'keys',
      'add',
      '--content-id',
      'film',
      '--policy',
      'rental',
      ...store!,
    ]);
    const set = (...more: string[]) => runCliJson(['keys', 'set-policy', added.kid, ...more, ...store!]);
    const { json: replaced } = await set('--policy', 'purchase', '--replaces', '1');
    expect(replaced).toMatchObject({ policy: { minSecurityLevel: 2000, persist: true }, policyVersion: 2 });
    const late = await set('--policy', 'live', '--replaces', '1');
    expect([late.exitCode, late.json.error.code]).toEqual([5, 'KEY_CONFLICT']);
    const { stdout } = await runCli(['keys', 'show', added.kid, ...store!]);
    expect(stdout).toMatch(/policy version +2/);
    const path = inFolder('policies.json');
    await runCliJson(['keys', 'export', path, ...store!]);
    const { json: imported } = await runCliJson(['keys', 'import', path, ...other!]);
    expect(imported.keys).toMatchObject([{ kid: added.kid, policy: replaced.policy }]);
    expect(imported.keys[0].policyVersion).toBeUndefined();
  });
});

describe('prpack keys export, then import into another store', () => {
  const [from, to] = ['from', 'to'].map((name) => ['--key-store', `sqlite:${inFolder(`${name}.sqlite`)}`]);
  const path = inFolder('moved.json');
  const policy = inFolder('policy.json');
  const output = inFolder('moved.mp4');
  const importMoved = () => runCliJson(['keys', 'import', path, ...to!]);
  const recordsIn = async (store: readonly string[]) => (await runCliJson(['keys', 'list', ...store])).json;

  it('brings every record, its state and its published files', async () => {
    writeFileSync(policy, '{"minSecurityLevel": 2000}');
    const content = ['--content-id', 'film', '--la-url', 'https://drm.example/la', '--policy', policy];
    await runCliJson(['encrypt', sample('bars.mp4'), output, '--key-per', 'type', ...content, ...from!]);
    await runCliJson(['keys', 'add', '--content-id', 'next', ...from!]);
    const { json: old } = await runCliJson(['keys', 'add', '--content-id', 'old', ...from!]);
    await runCliJson(['keys', 'revoke', old.kid, ...from!]);
    const seeded = ['--content-id', 'seeded', '--playready-test'];
    await runCliJson(['encrypt', sample('bars.mp4'), inFolder('seeded.mp4'), ...seeded, ...from!]);
    await runCliJson(['keys', 'export', path, ...from!]);
    const { exitCode, json } = await importMoved();
    expect({ exitCode, created: json.created }).toEqual({ exitCode: 0, created: 5 });

    const [before, after] = [await recordsIn(from!), await recordsIn(to!)];
    const states = before.map(({ contentId, state }: Record<string, string>) => `${contentId} ${state}`);
    expect(states.sort()).toEqual([
      'film active',
      'film active',
      'next pending',
      'old revoked',
      'playready-test:seeded active',
    ]);
    const lasting = (records: Record<string, unknown>[]) =>
      records
        .map(({ createdAt, updatedAt, ...rest }) => rest)
        .sort((a, b) => `${a.kid}`.localeCompare(`${b.kid}`));
    expect(lasting(after)).toEqual(lasting(before));
    expect(lasting(json.keys)).toEqual(lasting(before));
    const again = ['encrypt', sample('bars.mp4'), output, '--key-per', 'type', ...content, ...to!];
    expect((await runCliJson(again)).json).toMatchObject({ unchanged: true });
  });

  it('changes nothing when it is done again, and keeps revoked what was revoked', async () => {
    const before = await recordsIn(to!);
    expect(await importMoved()).toMatchObject({ exitCode: 0, json: { created: 0, unchanged: 5 } });
    expect(await recordsIn(to!)).toEqual(before);
    const { kid } = before.find(({ contentId }: { contentId: string }) => contentId === 'old');
    const refused = ['encrypt', sample('bars.mp4'), inFolder('old.mp4'), '--kid', kid, ...to!];
    expect((await runCliJson(refused)).json.error.code).toBe('KEY_CONFLICT');
    expect(existsSync(inFolder('old.mp4'))).toBe(false);
  });

  it('refuses a key whose checksum is not its own', async () => {
    const damaged = inFolder('damaged.json');
    const { keys: entries } = JSON.parse(readFileSync(path, 'utf8'));
    entries[0].key = OTHER_KEY;
    writeFileSync(damaged, JSON.stringify({ keys: entries }));
    expect(await keysFailure('import', damaged)).toEqual({ exitCode: 5, code: 'KEY_INVALID' });
  });
});

/** With openssl, for Node makes no certificates. */
function makeCertificate(): void {
  const subject = ['-subj', '/CN=prpack test', '-days', '2', '-nodes'];
  const files = ['-keyout', inFolder('private.pem'), '-out', inFolder('cert.pem')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...files], { stdio: 'ignore' });
}

describe('prpack keys revoke', () => {
  it('revokes all of the keys named or none, and nothing is encrypted with them any more', async () => {
    const { kid } = await keysJson('add', '--content-id', 'film-12');
    const missing = '99999999-9999-9999-9999-999999999999';
    expect(await keysFailure('revoke', kid, missing)).toEqual({ exitCode: 5, code: 'KEY_REQUIRED' });
    expect((await keysJson('show', kid)).state).toBe('pending');
    expect(await keysJson('revoke', kid)).toMatchObject([{ kid, state: 'revoked' }]);
    expect((await keys('revoke', kid)).stderr).toMatch(/^Revoked 1 key:\n/);
    const output = inFolder('revoked.mp4');
    const encrypted = await runCliJson(['encrypt', sample('bars.mp4'), output, '--kid', kid, ...STORE]);
    expect(encrypted).toMatchObject({ exitCode: 5, json: { error: { code: 'KEY_CONFLICT' } } });
    expect(existsSync(output)).toBe(false);
    const cpix = ['--format', 'cpix', '--content-id', 'film-12'];
    expect(await keysFailure('export', inFolder('revoked.cpix'), ...cpix)).toEqual({
      exitCode: 5,
      code: 'KEY_REQUIRED',
    });
  });
});

describe('prpack keys copy', () => {
  it('makes a store like another, and says what it did', async () => {
    const to = `sqlite:${inFolder('copy.sqlite')}`;
    const places = ['--from', STORE[1]!, '--to', to];
    const records = await keysJson('list');
    const copy = await runCliJson(['keys', 'copy', ...places]);
    expect(copy).toMatchObject({ exitCode: 0, json: { from: STORE[1], to, keysCopied: records.length } });
    expect((await runCliJson(['keys', 'list', '--key-store', to])).json).toEqual(records);
    const again = await runCli(['keys', 'copy', ...places]);
    expect(again.stderr).toMatch(
      /^Copied 0 keys and 0 lines of the audit; \d+ and \d+ were there already\.\n/,
    );
  });

  it('refuses key servers, and says why', async () => {
    const places = ['--from', 'https://keys.example', '--to', STORE[1]!];
    const { exitCode, json } = await runCliJson(['keys', 'copy', ...places]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 4, code: 'UNSUPPORTED_FEATURE' });
  });
});

describe('prpack keys rewrap', () => {
  it('gives the store a new KEK, and keeps the old one', async () => {
    const home = inFolder('rewrap');
    const env = { XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config` };
    const { json: added } = await runCliJson(['keys', 'add', '--content-id', 'film'], { env });
    const { json } = await runCliJson(['keys', 'rewrap'], { env });
    expect(json).toEqual({ keys: 1, kekId: expect.any(String), kekFile: `${home}/config/prpack/kek` });
    expect(json.kekId).not.toBe(added.kekId);
    expect(readdirSync(`${home}/config/prpack`).sort()).toEqual(['kek', `kek.${added.kekId}`]);
    const shown = await runCliJson(['keys', 'show', added.kid, '--reveal'], { env });
    expect(shown.json).toMatchObject({ kekId: json.kekId, key: expect.stringMatching(/^[0-9a-f]{32}$/) });
    const refused = await runCliJson(['keys', 'rewrap'], { env: { ...env, PRPACK_KEK: '11'.repeat(32) } });
    expect(refused).toMatchObject({ exitCode: 2, json: { error: { code: 'INVALID_ARGUMENT' } } });
  });

  it('refuses a store that does not exist, and leaves the KEK as it is', async () => {
    const home = inFolder('rewrap-absent');
    const env = { XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config` };
    const { json: added } = await runCliJson(['keys', 'add', '--content-id', 'film'], { env });
    const absent = `sqlite:${home}/absent.sqlite`;
    const { exitCode, json } = await runCliJson(['keys', 'rewrap', '--key-store', absent], { env });
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 5, code: 'KEY_STORE_FAILED' });
    expect(readdirSync(home).sort()).toEqual(['config', 'data']);
    const shown = await runCliJson(['keys', 'show', added.kid, '--reveal'], { env });
    expect(shown.json).toMatchObject({ kekId: added.kekId, key: expect.stringMatching(/^[0-9a-f]{32}$/) });
  });

  it('moves the KEK to a KEK command and back', async () => {
    const home = inFolder('rewrap-command');
    const program = writeKekProgram(inFolder('kms'));
    const env = { XDG_DATA_HOME: `${home}/data`, XDG_CONFIG_HOME: `${home}/config` };
    const command = ['--kek-command', program];
    const { json: added } = await runCliJson(['keys', 'add', '--content-id', 'film'], { env });
    const moved = await runCliJson(['keys', 'rewrap', ...command], { env });
    expect(moved.json).toEqual({ keys: 1, kekId: expect.any(String), kekCommand: program });
    rmSync(`${home}/config`, { recursive: true });
    const variable = { ...env, PRPACK_KEK_COMMAND: program };
    const shown = await runCliJson(['keys', 'show', added.kid, '--reveal'], { env: variable });
    expect(shown.json).toMatchObject({
      kekId: moved.json.kekId,
      key: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const without = await runCliJson(['keys', 'show', added.kid, '--reveal'], { env });
    expect(without.json.error).toMatchObject({
      code: 'KEY_REQUIRED',
      remedy: 'Name that program with --kek-command.',
    });
    const back = await runCliJson(['keys', 'rewrap', '--to', 'file'], { env: variable });
    expect(back.json).toEqual({ keys: 1, kekId: expect.any(String), kekFile: `${home}/config/prpack/kek` });
    const again = await runCliJson(['keys', 'show', added.kid, '--reveal'], { env });
    expect(again.json).toEqual({ ...shown.json, kekId: back.json.kekId });
    const idle = await runCliJson(['keys', 'rewrap', '--to', 'command'], { env });
    expect(idle).toMatchObject({ exitCode: 2, json: { error: { code: 'INVALID_ARGUMENT' } } });
  });

  it('leaves the KEK of a key server to its machine', async () => {
    const server = ['--key-store', 'https://keys.example'];
    const { exitCode, json } = await runCliJson(['keys', 'rewrap', ...server]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
  });

  it('reports a KEK that is not there', async () => {
    expect(await keysFailure('rewrap', '--kek-file', inFolder('none'))).toEqual({
      exitCode: 5,
      code: 'KEY_REQUIRED',
    });
  });
});

describe('a key of a seed', () => {
  const output = inFolder('of-seed.mp4');
  const store = ['--key-store', `sqlite:${inFolder('of-seed.sqlite')}`];
  const seed = inFolder('own.seed');
  const otherSeed = inFolder('other.seed');

  beforeAll(async () => {
    writeFileSync(seed, '11'.repeat(30), { mode: 0o600 });
    writeFileSync(otherSeed, '22'.repeat(30), { mode: 0o600 });
    const args = ['encrypt', sample('bars.mp4'), output, '--key-seed-file', seed, '--kid', KID, ...store];
    expect((await runCliJson(args)).exitCode).toBe(0);
  });

  it.each([
    ['keys', 'show', KID, '--reveal'],
    ['decrypt', output, inFolder('of-seed-clear.mp4')],
  ])('is not said to follow from a seed that nobody gave: %s', async (...args) => {
    const { exitCode, json } = await runCliJson([...args, ...store]);
    expect({ exitCode, ...json.error }).toMatchObject({
      exitCode: 5,
      code: 'KEY_REQUIRED',
      received: 'no key seed',
    });
  });

  it('is shown with its seed, and another seed is named', async () => {
    const show = ['keys', 'show', KID, '--reveal', ...store, '--key-seed-file'];
    expect((await runCliJson([...show, seed])).json.key).toMatch(/^[0-9a-f]{32}$/);
    const { error } = (await runCliJson([...show, otherSeed])).json;
    expect(error.received).toMatch(/^[0-9a-f]{16}$/);
    expect(error.received).not.toBe('ca3d5fc91e421183');
  });
});

describe('keys', () => {
  it('stand in no output but that of --reveal, in no form', () => {
    const forms = [KEY, OTHER_KEY].flatMap((hex) => {
      const bytes = Buffer.from(hex, 'hex');
      return [hex, bytes.toString('base64'), bytes.toString('base64url'), bytes.toString('latin1')];
    });
    expect(runs.length).toBeGreaterThan(20);
    const said = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(forms.filter((form) => said.toLowerCase().includes(form.toLowerCase()))).toEqual([]);
  });

  it('stand in no file but the ones that were asked for', () => {
    const forms = [KEY, OTHER_KEY].flatMap((hex) => [Buffer.from(hex), Buffer.from(hex, 'hex')]);
    const databases = [...filesBelow(inFolder(''))].filter(([path]) => path.includes('.sqlite'));
    expect(databases.length).toBeGreaterThan(0);
    for (const [name, bytes] of databases) {
      expect(
        forms.filter((form) => bytes.includes(form)),
        name,
      ).toEqual([]);
    }
  });
});
