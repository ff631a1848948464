import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serverStarter } from '../server/helpers.js';
import { runCliJson, runProcess } from '../support/cli.js';
import { testMedia } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();
const started = serverStarter();

describe('the id of a job', () => {
  it('is the same in the results file, in the log of the batch and in that of the key server', async () => {
    const server = await started();
    const env = {
      PRPACK_KEY_STORE: server.url,
      PRPACK_KEY_STORE_TOKEN: await server.token('register', 'read-keys'),
    };
    const media = inFolder('media');
    mkdirSync(media);
    for (const name of ['a.mp4', 'b.mp4']) copyFileSync(testMedia('opus.mp4'), join(media, name));
    const out = inFolder('out');
    const args = ['batch', media, '--out-dir', out, '--jobs', '2', '--log-level', 'debug', '--metrics', '0'];
    const { exitCode, stderr } = await runProcess(args, { env });
    expect(exitCode).toBe(0);
    const log = stderr.trimEnd().split('\n');
    expect(log.map((line) => JSON.parse(line).msg)).toContain('planned');
    const results = readFileSync(join(out, 'prpack-results.jsonl'), 'utf8').trimEnd().split('\n');
    const ids = results.map((line) => JSON.parse(line).id as string);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) {
      const said = (lines: readonly string[], field: string) =>
        lines.filter((line) => line.includes(id)).map((line) => JSON.parse(line)[field]);
      expect(said(log, 'msg')).toEqual(['begun', 'keys registered', 'done']);
      expect(said(server.log, 'route')).toEqual(['/v1/content-keys', '/v1/keys', '/v1/publications']);
    }
    expect(JSON.parse(log.at(-1)!)).toMatchObject({ msg: 'ended', done: 2, failed: 0 });
  });
});

describe('--metrics', () => {
  it.each(['host', '1:2:3x', '99999999'])('refuses %s', async (address) => {
    const { exitCode, json } = await runCliJson(['batch', 'media', '--out-dir', 'out', '--metrics', address]);
    expect({ exitCode, code: json.error.code }).toEqual({ exitCode: 2, code: 'INVALID_ARGUMENT' });
  });
});
