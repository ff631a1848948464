import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findConfigFile } from '../../src/config/find.js';
import { assertTrustedCode } from '../../src/config/trust.js';
import { runCli } from '../support/cli.js';
import { isRoot, NOBODY } from '../support/other-user.js';
import { temporaryFolder } from '../support/temporary.js';

const inFolder = temporaryFolder();
let made = 0;

/** A configuration file that would leave a trace, in a project of its own. */
function project(name = 'prpack.config.js'): string {
  const path = inFolder(`${++made}/project/${name}`);
  mkdirSync(join(dirname(path), 'inner'), { recursive: true, mode: 0o755 });
  writeFileSync(path, 'process.stderr.write("it ran"); export default { layout: "keep" };', { mode: 0o644 });
  return path;
}

const above = (path: string, levels: number): string =>
  levels === 0 ? path : above(dirname(path), levels - 1);

const refused = (place: string, reason: string) =>
  expect.objectContaining({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`${reason}: ${place}`),
    details: expect.objectContaining({ remedy: expect.stringContaining('--config') }),
  });

describe('a configuration file of code that was found', () => {
  it('is run when it is ours alone, also below a sticky directory', () => {
    const path = project();
    chmodSync(above(path, 2), 0o1777);
    expect(findConfigFile(join(dirname(path), 'inner'))).toBe(path);
  });

  it.each([
    ['the file', 0, 0o664],
    ['the file', 0, 0o646],
    ['its directory', 1, 0o775],
    ['its directory, though sticky', 1, 0o1777],
    ['a directory above', 2, 0o777],
    ['a directory above', 2, 0o770],
  ])('is refused when others can write to %s', (_, levels, mode) => {
    const path = project();
    const place = above(path, levels);
    chmodSync(place, mode);
    expect(() => findConfigFile(join(dirname(path), 'inner'))).toThrowError(
      refused(place, 'other users can write to this'),
    );
  });

  it.skipIf(!isRoot).each([0, 1, 2])(
    'is refused when another user owns it, or the directory %i above (skipped unless root)',
    (levels) => {
      const path = project();
      chownSync(above(path, levels), NOBODY, NOBODY);
      expect(() => assertTrustedCode(path)).toThrowError(
        refused(above(path, levels), 'another user owns this'),
      );
    },
  );

  it('is refused when a link leads to what others can write to', () => {
    const target = project('elsewhere.js');
    chmodSync(dirname(target), 0o777);
    const path = project();
    const link = join(dirname(path), 'inner/prpack.config.mjs');
    symlinkSync(target, link);
    expect(() => findConfigFile(dirname(link))).toThrowError(
      refused(dirname(target), 'other users can write to this'),
    );
  });

  it('is not run by the program, unless it is named', async () => {
    const path = project();
    chmodSync(path, 0o666);
    const found = await runCli(['config', '--json'], { cwd: dirname(path) });
    expect(found).toMatchObject({ exitCode: 2 });
    expect(JSON.parse(found.stdout).error.message).toContain('other users can write to this');
    expect(found.stderr).not.toContain('it ran');
    const named = await runCli(['config', '--config', path], { cwd: dirname(path) });
    expect(named).toMatchObject({ exitCode: 0, stderr: 'it ran' });
  });

  it('of data is only read, whoever owns it', () => {
    const path = project('prpack.config.json');
    chmodSync(path, 0o666);
    expect(findConfigFile(dirname(path))).toBe(path);
  });
});
