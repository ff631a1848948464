import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makePrivateDirectory } from '../../src/keys/file.js';
import { scratchDirectories } from './scratch.js';

const scratch = scratchDirectories();
const modeOf = (path: string) => statSync(path).mode & 0o777;

describe.skipIf(process.platform === 'win32')('makePrivateDirectory', () => {
  it('makes all that is missing for the owner only', async () => {
    const directory = scratch();
    await makePrivateDirectory(join(directory, 'a', 'b', 'c'));
    for (const made of ['a', 'a/b', 'a/b/c']) expect(modeOf(join(directory, made))).toBe(0o700);
  });

  it('leaves what is there as it is', async () => {
    const directory = join(scratch(), 'shared');
    mkdirSync(directory, { mode: 0o755 });
    await makePrivateDirectory(directory);
    expect(modeOf(directory)).toBe(0o755);
  });
});
