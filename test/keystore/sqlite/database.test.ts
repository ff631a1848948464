import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it, vi } from 'vitest';
import { Database } from '../../../src/keystore/sqlite/database.js';
import { scratchDirectories } from '../../keys/scratch.js';

const scratch = scratchDirectories();
const SCHEMA = { applicationId: 7, migrations: ['create table words (word text primary key) strict'] };

async function openWords(path = join(scratch(), 'words.sqlite')) {
  const database = await Database.open(path, SCHEMA);
  const add = (word: string) => () => {
    database.run('insert into words values (?)', word);
    return word.length;
  };
  /** What somebody else finds. */
  const words = () => {
    const other = new DatabaseSync(path);
    const rows = other.prepare('select word from words order by word').all() as { word: string }[];
    other.close();
    return rows.map(({ word }) => word);
  };
  return { database, add, words, transactions: vi.spyOn(database, 'transaction') };
}

describe('a database', () => {
  it('commits what is wanted at the same moment once, and answers each caller with its own result', async () => {
    const { database, add, words, transactions } = await openWords();
    const results = await Promise.all(['a', 'bcd', 'ef'].map((word) => database.commit(add(word))));
    expect(results).toEqual([1, 3, 2]);
    expect(words()).toEqual(['a', 'bcd', 'ef']);
    expect(transactions).toHaveBeenCalledTimes(1);
    database.close();
  });

  it('answers a caller only when its work is on the disk', async () => {
    const { database, add, words } = await openWords();
    const seen = ['a', 'b'].map((word) => database.commit(add(word)).then(() => words().includes(word)));
    expect(await Promise.all(seen)).toEqual([true, true]);
    database.close();
  });

  it('keeps the failure of one caller away from the others', async () => {
    const { database, add, words } = await openWords();
    const ends = await Promise.allSettled(['a', 'b', 'b', 'c'].map((word) => database.commit(add(word))));
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(words()).toEqual(['a', 'b', 'c']);
    await database.commit(add('d'));
    expect(words()).toEqual(['a', 'b', 'c', 'd']);
    database.close();
  });

  it('tells every caller when the disk takes nothing', async () => {
    const { database, add, words } = await openWords();
    database.run('pragma query_only = true');
    const ends = await Promise.allSettled(['a', 'b'].map((word) => database.commit(add(word))));
    expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(words()).toEqual([]);
    database.close();
  });
});
