import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ISOLATED } from './support/isolated.js';
import { ROOT } from './support/samples.js';

/** What the root of the repository holds. A file that is not listed is one that somebody forgot there. */
const FOLDERS = ['.ci', 'bench', 'bin', 'deploy', 'docs', 'samples', 'src', 'test'];
const FILES = [
  '.gitignore',
  '.npmrc',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'biome.json',
  'build.js',
  'package-lock.json',
  'package.json',
  'rolldown.config.js',
  'tsconfig.build.json',
  'tsconfig.json',
  'vitest.config.ts',
];

const { status, stdout } = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
});

describe('the repository', () => {
  it.skipIf(status !== 0)('holds nothing at its root but what belongs there (skipped without git)', () => {
    const paths = stdout.trim().split('\n');
    const folders = paths.filter((path) => path.includes('/')).map((path) => path.split('/')[0]);
    expect([...new Set(folders)].filter((name) => !FOLDERS.includes(name))).toEqual([]);
    expect(paths.filter((path) => !path.includes('/') && !FILES.includes(path))).toEqual([]);
  });
});

describe('test files that replace modules, or change flags of V8', () => {
  it('have a process of their own', () => {
    const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
    const tests = files.filter((file) => file.endsWith('.test.ts')).map((file) => join('test', file));
    const changing = tests.filter((file) =>
      /^vi\.mock\(|\bsetFlagsFromString\(/m.test(readFileSync(join(ROOT, file), 'utf8')),
    );
    expect(changing).not.toEqual([]);
    expect(changing.filter((file) => !ISOLATED.includes(file))).toEqual([]);
  });
});

describe('package.json', () => {
  const { scripts, overrides } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

  it('has no script that npm takes for one to run where the package is installed', () => {
    const atUsers = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(Object.keys(scripts).filter((name) => atUsers.includes(name))).toEqual([]);
  });

  it('overrides nothing that users install, for they do not get overrides', () => {
    expect(Object.keys(overrides)).toEqual(['rolldown-plugin-dts']);
  });
});

describe('dist/index.d.ts', () => {
  it('is whole: it imports nothing, and names no type of Node.js', () => {
    const text = readFileSync(join(ROOT, 'dist/index.d.ts'), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
    expect(text).not.toMatch(/^import\b|\bimport\(|\bfrom ["']|\bNodeJS\.|\bBuffer\b|^\/\/\/ <reference/m);
  });
});
