import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCli } from './support/cli.js';
import { ROOT, sample } from './support/samples.js';
import { temporaryFolder } from './support/temporary.js';

const inFolder = temporaryFolder();
const DIST = join(ROOT, 'dist');
const names = readdirSync(DIST).filter((name) => name.endsWith('.js'));
const built = names.map((name) => readFileSync(join(DIST, name), 'utf8'));

/** Chunks that encrypting a file of AVC and AAC with a new key has no use for. */
const UNUSED = [
  'library.js',
  'hevc.js',
  'vvc.js',
  'range-scan.js',
  'encrypt-live.js',
  'manifests.js',
  'mp4box.all.js',
];

/** Makes Node print the URL of each file of JavaScript that it loads as a module. */
const NAME_MODULES = [
  '--import',
  `data:text/javascript,${encodeURIComponent(
    `import { register } from 'node:module';
     register('data:text/javascript,' + encodeURIComponent(\`import { writeSync } from 'node:fs';
     export async function load(url, context, next) { if (url.startsWith('file:')) writeSync(2, 'loaded ' + url + '\\\\n'); return next(url, context); }\`));`,
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

  it('is loaded in a few files by a run, without the parts that it has no use for', async () => {
    const { exitCode, stderr } = await runCli(
      ['encrypt', sample('bars.mp4'), inFolder('out.mp4'), '--quiet'],
      { nodeArgs: NAME_MODULES },
    );
    expect(exitCode).toBe(0);
    const loaded = [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url]) => url);
    expect(loaded.length).toBeLessThanOrEqual(13);
    const own = names.filter((name) => loaded.includes(pathToFileURL(join(DIST, name)).href));
    for (const part of UNUSED) {
      expect(names).toContain(part); // or it has another name now
      expect(own).not.toContain(part);
    }
    const sizes = own.map((name) => statSync(join(DIST, name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(950_000);
  });
});
