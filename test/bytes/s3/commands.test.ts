import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.js';
import { longer } from '../../support/longer.js';
import { testS3 } from '../../support/s3.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const inFolder = temporaryFolder();
const s3 = testS3();
const KEYS =
  '{"keys":[{"kid":"10000000-1000-1000-1000-100000000001","key":"3A2A1B68DD2BD9B2EEB25E84C4776668"}]}';
const KEY_FILE = ['--key-file', 's3://media/keys.json', '--no-register'];

beforeAll(async () => {
  await s3.put('media', 'in/bars.mp4', readFileSync(sample('bars.mp4')));
  await s3.put('media', 'keys.json', Buffer.from(KEYS));
});

const run = (...args: string[]) => runCli(args, { env: s3.environment });

describe('objects as input', () => {
  it('are looked at', async () => {
    const { stdout, exitCode } = await run('inspect', 's3://media/in/bars.mp4', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ path: 's3://media/in/bars.mp4', bytes: 116_362 });
  });

  it('are encrypted and decrypted, with a key file that is one, too', async () => {
    const encrypted = inFolder('out.mp4');
    const first = await run('encrypt', 's3://media/in/bars.mp4', encrypted, ...KEY_FILE);
    expect(first).toMatchObject({ exitCode: 0 });
    await s3.put('media', 'enc.mp4', readFileSync(encrypted));
    const second = await run('decrypt', 's3://media/enc.mp4', inFolder('clear.mp4'), ...KEY_FILE.slice(0, 2));
    expect(second).toMatchObject({ exitCode: 0 });
  });

  it('are packaged', async () => {
    const { exitCode, stderr } = await run(
      'package',
      's3://media/in/bars.mp4',
      '--out-dir',
      inFolder('title'),
      ...KEY_FILE,
    );
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  });

  it('leave no output when their credentials expire meanwhile', async () => {
    await s3.put('media', 'in/long.mp4', longer(readFileSync(sample('bars-fragmented.mp4')), 2 ** 21));
    await s3.fails({ match: 'GET /media/in', kind: 'expired', times: 99, after: 1 });
    const output = inFolder('none.mp4');
    const { exitCode, stderr } = await run('encrypt', 's3://media/in/long.mp4', output, ...KEY_FILE);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('the credentials have expired (ExpiredToken, status 400) [INPUT_UNREADABLE]');
    expect(() => readFileSync(output)).toThrow('ENOENT');
  });

  it('that hold the keys are named when they are not there', async () => {
    const args = ['--key-file', 's3://media/none.json', '--no-register'];
    const { exitCode, stderr } = await run('encrypt', sample('bars.mp4'), inFolder('x.mp4'), ...args);
    expect(exitCode).toBe(5);
    expect(stderr).toContain('s3://media/none.json cannot be read: there is no such object');
  });
});

describe('what cannot be an object', () => {
  it.each([
    ['manifest', 's3://media/film/', '--out-dir', 's3://media/film/'],
    ['manifest', sample('bars.mp4'), '--out-dir', 's3://media/film/'],
    ['play', 's3://media/in/bars.mp4'],
    ['encrypt', sample('bars.mp4'), 's3://out/none.mp4', '--keys-out', 's3://out/keys.json', '--no-register'],
    ['encrypt', '-', '-', '--keys-out', 'S3://out/keys.json', '--no-register'],
  ])('is refused, and nothing is made: %s %s %s %s', async (...args) => {
    const before = await s3.keys('out');
    const { exitCode, stdout, stderr } = await run(...args);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/on a disk/),
    });
    expect(await s3.keys('out')).toEqual(before);
    expect(existsSync('s3:')).toBe(false);
  });
});

describe('an object as output', () => {
  it('appears whole, is not made again, and is not replaced by another', async () => {
    const store = ['--key-store', `sqlite:${inFolder('keys.db')}`, '--json'];
    const first = await run('encrypt', sample('bars.mp4'), 's3://out/bars.mp4', ...store);
    expect(JSON.parse(first.stdout)).toMatchObject({ output: 's3://out/bars.mp4', unchanged: false });
    const object = await s3.get('out', 'bars.mp4');
    const again = await run('encrypt', sample('bars.mp4'), 's3://out/bars.mp4', ...store);
    expect(JSON.parse(again.stdout)).toMatchObject({ unchanged: true });
    const other = await run('encrypt', sample('bars-hevc.mp4'), 's3://out/bars.mp4', ...store);
    expect(other.exitCode).toBe(6);
    expect(JSON.parse(other.stdout).error.code).toBe('OUTPUT_EXISTS');
    expect((await s3.get('out', 'bars.mp4')).equals(object)).toBe(true);
    const shown = await run('keys', 'list', ...store);
    expect(shown.stdout).toContain('"state":"active"');
  });

  it('is what a file would be, and may replace one', async () => {
    const args = [...KEY_FILE, '--layout', 'keep'];
    await s3.put('out', 'enc.mp4', Buffer.from('before'));
    expect(
      await run('encrypt', 's3://media/in/bars.mp4', 's3://out/enc.mp4', '--force', ...args),
    ).toMatchObject({
      exitCode: 0,
    });
    expect(
      await run('decrypt', 's3://out/enc.mp4', 's3://out/clear.mp4', ...KEY_FILE.slice(0, 2)),
    ).toMatchObject({ exitCode: 0 });
    expect(await run('inspect', 's3://out/clear.mp4')).toMatchObject({ exitCode: 0 });
  });

  it('is refused where it is the input, or where there is no bucket', async () => {
    const same = await run(
      'encrypt',
      's3://media/in/bars.mp4',
      's3://media/in/bars.mp4',
      '--force',
      ...KEY_FILE,
    );
    expect(same).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('are the same file') });
    const nowhere = await run('encrypt', sample('bars.mp4'), 's3://nowhere/bars.mp4', ...KEY_FILE);
    expect(nowhere).toMatchObject({
      exitCode: 6,
      stderr: expect.stringContaining('there is no such bucket'),
    });
  });

  it('that could not be sent leaves its keys pending, and nothing in the folder for temporary files', async () => {
    const store = ['--key-store', `sqlite:${inFolder('pending.db')}`, '--json'];
    const folder = inFolder('tmp');
    mkdirSync(folder);
    await s3.fails({ match: 'PUT /out', kind: 'denied', times: 99 });
    const env = { ...s3.environment, TMPDIR: folder };
    const { exitCode } = await runCli(['encrypt', sample('bars.mp4'), 's3://out/no.mp4', ...store], { env });
    expect(exitCode).toBe(6);
    expect(readdirSync(folder)).toEqual([]);
    expect(await s3.keys('out')).not.toContain('no.mp4');
    const shown = await run('keys', 'list', ...store);
    expect(shown.stdout).toContain('"state":"pending"');
    expect(shown.stdout).not.toContain('"state":"active"');
  });
});
