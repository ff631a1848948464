import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { ROOT, sample } from './support/samples.js';
import { temporaryFolder } from './support/temporary.js';

const inFolder = temporaryFolder();
const DIST = join(ROOT, 'dist');
const built = readdirSync(DIST)
  .filter((name) => name.endsWith('.js'))
  .map((name) => readFileSync(join(DIST, name), 'utf8'));

/** Makes Node print how many files of JavaScript it has loaded as modules when it ends. */
const COUNT_MODULES = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(\`import { writeSync } from 'node:fs';
     export async function load(url, context, next) { if (url.startsWith('file:')) writeSync(2, 'loaded\\\\n'); return next(url, context); }\`));`,
  )}`,
];

describe('dist/', () => {
  it('has the class of errors once, for the command line, the library and threads', () => {
    expect(built.join('\n').match(/\bPrpackError = class|\bclass PrpackError\b/g)).toHaveLength(1);
  });

  it('has the licenses of the packages that are part of it, and loads none of them', () => {
    const texts = readFileSync(join(DIST, 'licenses.txt'), 'utf8');
    for (const name of ['commander', 'mp4box', 'uuid']) {
      expect(texts).toMatch(new RegExp(`^${name} \\d`, 'm'));
      for (const code of built) expect(code).not.toMatch(new RegExp(`(?:from|import\\() ?"${name}[/"]`));
    }
  });

  it('is loaded in a few files by a run', async () => {
    const { exitCode, stderr } = await runCli(
      ['encrypt', sample('bars.mp4'), inFolder('out.mp4'), '--quiet'],
      { nodeArgs: COUNT_MODULES },
    );
    expect(exitCode).toBe(0);
    expect(stderr.match(/^loaded$/gm)!.length).toBeLessThanOrEqual(20);
  });
});
