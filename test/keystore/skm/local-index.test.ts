import { DatabaseSync } from '@photostructure/sqlite';
import { expect, it } from 'vitest';
import { newKeyId } from '../../../src/keys/key-id.js';
import { LocalIndex } from '../../../src/keystore/skm/local-index.js';
import { temporaryFolder } from '../../support/temporary.js';

const temporary = temporaryFolder();
const SERVER = 'https://skm.example.com/';

it('knows the published files of an index of before, which were told apart by their SHA-256', async () => {
  const path = temporary('skm.sqlite');
  const kid = newKeyId();
  const before = { fingerprint: 'ab'.repeat(32), madeFrom: 'in.mp4' };
  const index = new LocalIndex(path, SERVER);
  await index.noteOutput([kid], before);
  await index.close();
  const database = new DatabaseSync(path);
  database.exec('alter table outputs rename column fingerprint to sha256; pragma user_version = 3;');
  database.close();

  const opened = new LocalIndex(path, SERVER);
  const after = { fingerprint: 'cd'.repeat(32) };
  for (const output of [before, after]) await opened.noteOutput([kid], output);
  expect(await opened.outputsOf(kid)).toEqual([before, after]);
  await opened.close();
});
