import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KEK_HEX } from '../keystore/helpers.js';
import { type CliResult, runCli } from '../support/cli.js';
import { describeWithPostgres, POSTGRES_PASSWORD } from '../support/postgres.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const temporary = temporaryFolder();

describeWithPostgres('a key store on PostgreSQL, from the command line', (postgres) => {
  it('is used as any other, and its password is never shown', async () => {
    const url = await postgres().database();
    const shown = url.replace(`:${POSTGRES_PASSWORD}`, '');
    const results: CliResult[] = [];
    const run = async (args: string[], env: Record<string, string> = {}) => {
      const result = await runCli(args, { env: { PRPACK_KEK: KEK_HEX, ...env } });
      results.push(result);
      return result;
    };
    const [input, output, clear] = [sample('bars.mp4'), temporary('out.mp4'), temporary('clear.mp4')];
    const store = ['--key-store', url];
    const encrypted = await run(['encrypt', input, output, '--content-id', 'film', '--json', ...store]);
    expect(encrypted).toMatchObject({ exitCode: 0 });
    expect(encrypted.stdout).toContain(JSON.stringify(shown));
    expect(await run(['encrypt', input, output, '--content-id', 'film', ...store])).toMatchObject({
      exitCode: 0,
    });
    expect(await run(['decrypt', output, clear], { PRPACK_KEY_STORE: url })).toMatchObject({ exitCode: 0 });
    const listed = await run(['keys', 'list', '--json', ...store]);
    const [record] = JSON.parse(listed.stdout);
    expect(record).toMatchObject({ contentId: 'film', state: 'active', outputs: [expect.anything()] });
    for (const command of ['show', 'revoke']) {
      expect(await run(['keys', command, record.kid, ...store])).toMatchObject({ exitCode: 0 });
    }
    const audit = await run(['keys', 'audit', '--json', ...store]);
    expect(JSON.parse(audit.stdout)).toContainEqual(
      expect.objectContaining({ operation: 'open', outcome: 'done' }),
    );
    const kekFile = temporary('kek');
    writeFileSync(kekFile, KEK_HEX, { mode: 0o600 });
    const rewrapped = await run(['keys', 'rewrap', '--kek-file', kekFile, '--json', ...store], {
      PRPACK_KEK: '',
    });
    expect(JSON.parse(rewrapped.stdout)).toMatchObject({ keys: 1 });
    for (const wrong of [
      `${url}_none`,
      `${url}?sslmodus=1`,
      `${url}/more`,
      url.replace(':pass', ':no-pass'),
    ]) {
      const refused = await run(['encrypt', input, temporary('no.mp4'), '--json', '--key-store', wrong]);
      expect(refused.exitCode, wrong).toBeGreaterThan(1);
    }
    expect(JSON.stringify(results)).not.toContain(POSTGRES_PASSWORD);
  });
});
