import fs, {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';
import { runProgram } from './support/cli.js';
import { ROOT } from './support/samples.js';
import { temporaryFolder } from './support/temporary.js';

const inFolder = temporaryFolder();
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const OTHER_VERSION = version.replace(/./g, '9');
const CACHE = `dist/cache/${process.version}-${process.arch}`;

let place: string;
let count = 0;

/** A copy of the program, which has not run yet. */
beforeEach(() => {
  place = inFolder(`package-${count++}`);
  mkdirSync(place);
  for (const part of ['bin', 'dist', 'package.json']) {
    const isWanted = (path: string) => !path.startsWith(join(ROOT, 'dist/cache')) && !path.endsWith('.d.ts');
    cpSync(join(ROOT, part), join(place, part), { recursive: true, filter: isWanted });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
});

const run = (...args: string[]) => runProgram(process.execPath, [join(place, 'bin/prpack.js'), ...args]);
const printed = async () => (await run('--version')).stdout.trim();
const cached = () => readdirSync(join(place, CACHE)).sort();
const versionFile = () => readdirSync(join(place, 'dist')).find((name) => /^version-.*\.cjs$/.test(name))!;

/** Puts compiled code into the cache that prints another version: V8 compares no more of the source than its length. */
async function poison(): Promise<string> {
  await printed();
  const name = versionFile();
  const code = readFileSync(join(place, 'dist', name), 'utf8');
  const value = 'JSON.parse(text).version';
  const changed = code.replace(value, `'${OTHER_VERSION}'`.padEnd(value.length));
  expect(changed).not.toBe(code);
  expect(changed).toHaveLength(code.length);
  const script = new Script(changed);
  const exported: { packageVersion?: () => string } = {};
  script.runInThisContext()(exported, () => fs, pathToFileURL(join(ROOT, 'dist', name)).href);
  exported.packageVersion!(); // V8 compiles functions when they are called
  const path = join(place, CACHE, name);
  writeFileSync(path, script.createCachedData());
  return path;
}

describe('the cache of compiled code', () => {
  it('is filled by the first run that loads a file, and then read', async () => {
    expect(await printed()).toBe(version);
    const first = cached();
    expect(first).toEqual([versionFile()]);
    expect((await run('encrypt', '--help')).exitCode).toBe(0);
    expect(cached().length).toBeGreaterThan(first.length);
    expect(cached().every((name) => name.endsWith('.cjs'))).toBe(true); // no drafts are left
    await poison();
    expect(await printed()).toBe(OTHER_VERSION); // so the cache is read: the tests below can fail
  });

  it('is not filled by a run that fails', async () => {
    expect((await run('encrypt', 'no-such-file.mp4', 'out.mp4')).exitCode).toBe(3);
    expect(readdirSync(join(place, 'dist'))).not.toContain('cache');
  });

  it.each([0o664, 0o646])('is not read where others may write to it (%o)', async (mode) => {
    chmodSync(await poison(), mode);
    expect(await printed()).toBe(version);
  });

  it('is not read where it is older than the code', async () => {
    utimesSync(await poison(), 1, 1);
    expect(await printed()).toBe(version);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'is neither read nor written by another owner than that of the code (run as root)',
    async () => {
      chownSync(await poison(), 12345, 12345);
      expect(await printed()).toBe(version);
      chownSync(join(place, 'dist'), 12345, 12345);
      const before = cached();
      expect((await run('encrypt', '--help')).exitCode).toBe(0);
      expect(cached()).toEqual(before);
    },
  );

  it('may be damaged', async () => {
    const path = await poison();
    for (const bytes of ['', 'no code', readFileSync(path).subarray(0, 500)]) {
      writeFileSync(path, bytes);
      expect(await printed()).toBe(version);
    }
  });
});
