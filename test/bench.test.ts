import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './support/samples.js';
import { BY_SWEEPS, SWEEPS } from './support/sweeps.js';
import { describeWith } from './support/tools.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'prpack-bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a program of bench/, whose temporary files go to a folder of ours. Figures are nothing that a test looks at. */
function bench(name: string, ...args: readonly string[]) {
  const command = [join(ROOT, 'bench', name), '--folder', folder, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('bench/', () => {
  it('is refused as a whole when a setting is no number, before anything is made', () => {
    const { status, stdout, stderr } = bench('all.mjs', '--runs', 'many');
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: '',
      stderr: '--runs takes a number above 0, not many\n',
    });
  });

  it('prints a table and its bars, and leaves nothing', () => {
    const { status, stdout, stderr } = bench('batch.mjs', '--files', '2', '--peer-files', '1', '--runs', '1');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^prpack batch +\d+\.\d +\d+\.\d +1\.00 /m);
    expect(stdout).toMatch(/^batch: wall ms a small file +\d+\.\d\d +≤ 4\.00 +(NOT )?met$/m);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('bench/serve.mjs', () => {
  it.skipIf(!SWEEPS)(
    `loads the key server and its peer in a quick run ${BY_SWEEPS}`,
    () => {
      const { status, stdout, stderr } = bench('serve.mjs', '--quick');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout.match(/^(prpack serve|fastify \+ SQLite) +\d+ /gm)).toHaveLength(4);
      expect(readdirSync(folder)).toEqual([]);
    },
    120_000,
  );
});

describeWith(['ffmpeg'], 'npm run bench', () => {
  it.skipIf(!SWEEPS)(
    `prints all tables in a quick run ${BY_SWEEPS}`,
    () => {
      const { status, stdout, stderr } = bench('all.mjs', '--quick');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      for (const name of ['1 GB', '4 GB', '76 MB', '0.6 MB'])
        expect(stdout).toContain(`\nA file of ${name}\n`);
      expect(stdout.match(/(≤|≥) +\d+\.\d\d +(NOT met|met)$|not measured/gm)).toHaveLength(18);
      expect(readdirSync(folder)).toEqual([]);
    },
    600_000,
  );
});
