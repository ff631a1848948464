import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../support/cli.js';
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
    await s3.fails({ match: 'GET /media/in', kind: 'expired', times: 99, after: 1 });
    const output = inFolder('none.mp4');
    const { exitCode, stderr } = await run('encrypt', 's3://media/in/bars.mp4', output, ...KEY_FILE);
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
