// What the programs of this folder share.

import { accessSync, constants, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const PRPACK = join(ROOT, 'bin/prpack.js');
export const SHAKA = join(ROOT, `node_modules/shaka-packager/bin/packager-linux-${process.arch}`);

/** The programs run what users run. */
export function expectBuilt() {
  if (existsSync(join(ROOT, 'dist/index.js'))) return;
  process.stderr.write('prpack is not built: run `npm run build` first\n');
  process.exit(2);
}

/** A folder in memory, where there is one, so that programs are measured and not the disk. */
export function ramDisk() {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}

export function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

/** bash's `times`: user and system time as `0m1.234s 0m0.567s`. Both together, in seconds. */
export function sumTimes(text) {
  return text
    .split(' ')
    .map((part) => part.replace('s', '').split('m').map(Number))
    .reduce((sum, [minutes, seconds]) => sum + minutes * 60 + seconds, 0);
}
