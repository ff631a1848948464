import { afterEach, describe, expect, it } from 'vitest';
import { decrypt, encrypt } from '../../src/index.js';
import { OPTIONS } from '../../src/settings/options.js';
import { named, spellOptionsAs } from '../../src/settings/spelling.js';
import { runCliJson } from '../support/cli.js';
import { encryptTo } from '../support/jobs.js';
import { sample } from '../support/samples.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();
const INPUT = sample('bars.mp4');
afterEach(() => spellOptionsAs('code'));

describe('named', () => {
  it('spells an option for the library and for the command line', () => {
    const both = () => [named('layout', 'keep'), named('threads', 1), named('force', true), named('laUrl')];
    expect(both()).toEqual(["layout: 'keep'", 'threads: 1', 'force: true', 'playready.laUrl']);
    spellOptionsAs('flags');
    expect(both()).toEqual(['--layout keep', '--threads 1', '--force', '--la-url']);
  });

  it('has a spelling in code for every flag', () => {
    const ofCommandLine = ['quiet', 'queue', 'metrics'];
    const without = OPTIONS.filter(
      ({ name, flag, of, code }) => flag && of.length === 0 && !code && !ofCommandLine.includes(name),
    );
    expect(without).toEqual([]);
  });
});

describe('a remedy', () => {
  it('of the library names its options', async () => {
    const lost = encrypt({ input: INPUT, output: inFolder('a.mp4') });
    await expect(lost).rejects.toMatchObject({ details: { remedy: expect.stringContaining('keysOut: ') } });
    await encryptTo(INPUT, inFolder('b.mp4'));
    const keys = { find: async () => undefined };
    const locked = decrypt({ input: inFolder('b.mp4'), output: inFolder('c.mp4'), keys });
    await expect(locked).rejects.toMatchObject({
      details: { remedy: expect.stringContaining('readKeyFile(') },
    });
    const there = encryptTo(INPUT, inFolder('b.mp4'));
    await expect(there).rejects.toMatchObject({
      details: { remedy: expect.stringContaining('(force: true)') },
    });
  });

  it('of the command line names its flags', async () => {
    const output = inFolder('d.mp4');
    expect((await runCliJson(['encrypt', INPUT, output, '--no-register'])).json.error.remedy).toContain(
      '--keys-out',
    );
    await encryptTo(INPUT, output);
    expect((await runCliJson(['encrypt', INPUT, output])).json.error.remedy).toContain('(--force)');
  });
});
