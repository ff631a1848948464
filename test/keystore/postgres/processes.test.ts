import { afterAll, beforeAll, expect, it } from 'vitest';
import { MIGRATIONS } from '../../../src/keystore/postgres/migrations.js';
import { describeWithPostgres, type Postgres } from '../../support/postgres.js';
import { BY_SWEEPS, SWEEPS } from '../../support/sweeps.js';
import { KEK_HEX } from '../helpers.js';
import { assertKept, compile, type Program, type Run } from '../processes.js';

const env = { PRPACK_KEK: KEK_HEX };
let program: Program;

beforeAll(() => {
  program = compile('test/keystore/register-child.ts');
});
afterAll(() => program.remove());

async function countOf(postgres: Postgres, url: string, sql: string): Promise<number> {
  const [row] = await postgres.query<{ n: string }>(url, `select count(*) as n ${sql}`);
  return Number(row!.n);
}

describeWithPostgres('many processes on PostgreSQL', (postgres) => {
  const each = SWEEPS ? 500 : 25;

  it(`make the tables at once, and lose and double none of ${each} registrations each ${BY_SWEEPS}`, async () => {
    const url = await postgres().database();
    const runs = Array.from({ length: 8 }, (_, i) => program.run([url, `${each}`, `movie ${i}`], { env }));
    for (const run of runs) expect(await run.ended).toEqual({ code: 0, stderr: '' });
    const lines = runs.flatMap((run) => run.lines);
    expect(lines).toHaveLength(8 * each);
    expect(await assertKept(url, env, lines)).toBe(8 * each);
    expect(await countOf(postgres(), url, "from prpack.audit where operation = 'register'")).toBe(8 * each);
    expect(await countOf(postgres(), url, 'from prpack.migrations')).toBe(MIGRATIONS.length);
  });

  it('make one key for each content, whoever comes first', async () => {
    const contents = SWEEPS ? 200 : 20;
    const url = await postgres().database();
    const args = [url, `${contents}`, 'movie', '1', 'gives-way'];
    const runs = Array.from({ length: 8 }, () => program.run(args, { env }));
    for (const run of runs) expect(await run.ended).toEqual({ code: 0, stderr: '' });
    const lines = runs.flatMap((run) => run.lines);
    expect(lines).toHaveLength(contents);
    expect(await assertKept(url, env, lines)).toBe(contents);
    expect(await countOf(postgres(), url, 'from prpack.keys where holds_content')).toBe(contents);
  });
});

// The database does not wait for the disk unless it is told to: what is acknowledged has to tell it.
describeWithPostgres(
  'kill -9 of clients, and a PostgreSQL server that crashes',
  (postgres) => {
    const [clients, each, crashes] = SWEEPS ? [8, 800, 5] : [3, 60, 1];

    it(`lose nothing that was acknowledged, and the others go on ${BY_SWEEPS}`, async () => {
      const url = await postgres().database();
      const runs = Array.from({ length: clients }, (_, i) =>
        program.run([url, i === 0 ? '1000000' : `${each}`, `movie ${i}`], { env }),
      );
      const [victim, ...others] = runs as [Run, ...Run[]];
      const total = () => runs.reduce((sum, { lines }) => sum + lines.length, 0);
      let left = crashes;
      const step = (clients * each) / (2 * (crashes + 1));
      await new Promise<void>((resolve) => {
        for (const run of runs) {
          run.onLine = () => {
            if (left === 0 || total() < (crashes - left + 1) * step) return;
            left--;
            postgres().stop('immediate');
            postgres().start();
            if (left === 0) {
              victim.kill();
              resolve();
            }
          };
        }
      });
      for (const run of others) expect(await run.ended).toEqual({ code: 0, stderr: '' });
      expect((await victim.ended).code).toBe(null);
      const lines = runs.flatMap((run) => run.lines);
      expect(others.every((run) => run.lines.length === each)).toBe(true);
      const stored = await assertKept(url, env, lines);
      // At most the one registration of the killed process that was done but not yet told.
      expect(stored - lines.length).toBeLessThanOrEqual(1);
      const withoutNote =
        'from prpack.keys k where not exists (select from prpack.audit a where a.kid = k.kid and a.outcome = $$done$$)';
      expect(await countOf(postgres(), url, withoutNote)).toBe(0);
    }, 600_000);
  },
  { isDurable: true, settings: { synchronous_commit: 'off' } },
);
