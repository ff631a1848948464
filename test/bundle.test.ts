import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesLoadedBy } from './support/loaded-files.js';
import { ROOT, sample } from './support/samples.js';
import { temporaryFolder } from './support/temporary.js';

const inFolder = temporaryFolder();
const DIST = join(ROOT, 'dist');
const names = readdirSync(DIST).filter((name) => /\.c?js$/.test(name));
const built = new Map(names.map((name) => [name, readFileSync(join(DIST, name), 'utf8')]));
/** The command line, and what is made of the same sources for programs that use the library. */
const PARTS = ['.cjs', '.js'].map((ending) => names.filter((name) => name.endsWith(ending)));

/** Chunks that encrypting a file of AVC and AAC with a new key has no use for. */
const UNUSED = [
  'library',
  'hevc',
  'vvc',
  'range-scan',
  'encrypt-live',
  'manifests',
  'foreign-entries',
  'mp4box.all',
];

describe('dist/', () => {
  it('has the class of errors once in the command line, and once in the library and its threads', () => {
    for (const part of PARTS) {
      const code = part.map((name) => built.get(name)).join('\n');
      expect(code.match(/\bPrpackError = class|\bclass PrpackError\b/g)).toHaveLength(1);
    }
  });

  it('has the licenses of the packages that are part of it, and loads none of them', () => {
    const texts = readFileSync(join(DIST, 'licenses.txt'), 'utf8');
    for (const name of ['commander', 'mp4box', 'uuid']) {
      expect(texts).toMatch(new RegExp(`^${name} \\d`, 'm'));
      const use = new RegExp(`(?:from ?|import\\(|require\\()"${name}[/"]`);
      for (const code of built.values()) expect(code).not.toMatch(use);
    }
  });

  it('is strict code in the command line, as modules are, and ASCII', () => {
    for (const name of PARTS[0]!) {
      expect(built.get(name)).toMatch(
        /^\(function \(exports, require, MODULE_URL, IMPORT\) \{["']use strict["'];/,
      );
      expect(built.get(name)).not.toMatch(/[\u0080-\uffff]/);
    }
  });

  it('is loaded with the file of the package for SQLite that Node.js finds', () => {
    const found = createRequire(import.meta.url).resolve('@photostructure/sqlite');
    expect(found).toBe(join(ROOT, 'node_modules/@photostructure/sqlite/dist/index.cjs')); // as bin/load-program.js says
  });

  it('is loaded in a few files by a run, without the parts that it has no use for', async () => {
    const loaded = await filesLoadedBy('encrypt', sample('bars.mp4'), inFolder('out.mp4'), '--quiet');
    expect(loaded.length).toBeLessThanOrEqual(11);
    const packages = loaded.map((path) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
    expect(new Set(packages)).toEqual(new Set([undefined, '@photostructure/sqlite', 'node-gyp-build']));
    const own = names.filter((name) => loaded.includes(join(DIST, name)));
    expect(own).toContain('main.cjs');
    for (const part of UNUSED) {
      const isPart = (name: string) => new RegExp(`^${part}-[\\w-]{8}\\.cjs$`).test(name);
      expect(names.filter(isPart)).toHaveLength(1); // or it has another name now
      expect(own.filter(isPart)).toEqual([]);
    }
    const sizes = own.map((name) => statSync(join(DIST, name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_010_000);
  });
});
