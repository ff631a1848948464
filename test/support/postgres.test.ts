import { expect, it } from 'vitest';
import { describeWithPostgres } from './postgres.js';

describeWithPostgres('a throwaway PostgreSQL server', (postgres) => {
  it('has a database for each test, which survive that it is stopped hard', async () => {
    const [one, other] = [await postgres().database(), await postgres().database()];
    await postgres().query(one, 'create table words (word text)');
    await postgres().query(one, 'insert into words values ($1)', ['kept']);
    postgres().stop('immediate');
    await expect(postgres().query(one, 'select 1')).rejects.toThrow(/ECONNREFUSED/);
    postgres().start();
    expect(await postgres().query(one, 'select word from words')).toEqual([{ word: 'kept' }]);
    await expect(postgres().query(other, 'select word from words')).rejects.toThrow(/does not exist/);
  });
});
