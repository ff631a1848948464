import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { runCli, runCliJson } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();
const STORE = ['--key-store', `sqlite:${inFolder('keys.sqlite')}`];
const audit = (...args: string[]) => runCli(['keys', 'audit', ...STORE, ...args]);

it('prpack keys audit --prune leaves young entries, and makes no archive for nothing', async () => {
  await runCli(['keys', 'add', '--content-id', 'film', ...STORE]);
  const archive = inFolder('young.jsonl');
  expect((await audit('--prune', '90', '--archive', archive)).stderr).toContain('Removed 0 lines');
  expect(existsSync(archive)).toBe(false);
  expect((await runCliJson(['keys', 'audit', ...STORE])).json).toHaveLength(1);
});

it('prpack keys audit --prune archives what it removes, and notes it', async () => {
  const store = ['--key-store', `sqlite:${inFolder('old.sqlite')}`];
  await runCli(['keys', 'add', '--content-id', 'film', ...store]);
  const database = new DatabaseSync(inFolder('old.sqlite'));
  database.exec(
    "insert into audit values (-1, '2020-01-01T00:00:00.000Z', 'me', 'revoke', 'k', null, null, 'done')",
  );
  database.close();
  const archive = inFolder('old.jsonl');
  const args = ['keys', 'audit', '--prune', '90', '--archive', archive, ...store];
  expect((await runCliJson(args)).json).toEqual({ removed: 1, before: expect.any(String), archive });
  expect(JSON.parse(readFileSync(archive, 'utf8'))).toMatchObject({
    id: -1,
    operation: 'revoke',
    actor: 'me',
  });
  const { json } = await runCliJson(['keys', 'audit', ...store]);
  expect(json.map(({ operation }: { operation: string }) => operation)).toEqual(['register', 'prune']);
  expect((await runCli(['keys', 'audit', ...store])).stdout).toContain('prune');
});

it.each([
  [['--archive', 'x'], '--archive has no effect without --prune'],
  [['--prune', '90', '--content-id', 'film'], '--prune cannot be used with --content-id'],
  [['--prune', '0'], '--prune'],
])('prpack keys audit %j is refused', async (args, said) => {
  const { exitCode, stderr } = await audit(...args);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(said)]);
});

it('the audit of a key server is not pruned from afar', async () => {
  const { exitCode, stderr } = await runCli([
    'keys',
    'audit',
    '--prune',
    '9',
    '--key-store',
    'http://127.0.0.1:9',
  ]);
  expect([exitCode, stderr]).toEqual([4, expect.stringContaining('on the machine of the key server')]);
});
