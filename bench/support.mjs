// What the programs of this folder share: places, and folders that go away again.

import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, constants as system, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
export const PRPACK = join(ROOT, 'bin/prpack.js');
export const SHAKA = join(ROOT, `node_modules/shaka-packager/bin/packager-linux-${process.arch}`);

/** What statfs says of a file system in memory. */
const TMPFS = 0x01021994;
const STOPS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The programs run what users run. */
export function expectBuilt() {
  if (!existsSync(join(ROOT, 'dist/index.js'))) refuse('prpack is not built: run `npm run build` first');
}

/** Ends the process: it was started in a way that cannot be served. */
export function refuse(reason) {
  process.stderr.write(`${reason}\n`);
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

/** Bytes that may still be written to a folder. */
function roomBytes(folder) {
  const { type, bavail, bsize } = statfsSync(folder);
  const freeBytes = bavail * bsize;
  return type === TMPFS ? Math.min(freeBytes, freemem()) : freeBytes;
}

/** Whether so many bytes fit into a folder; says on stdout what is left out where they do not. */
export function hasRoom(folder, neededBytes, what) {
  const room = roomBytes(folder);
  if (room >= neededBytes) return true;
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  const left = `${dirname(folder)} has room for ${megabytes(room)}`;
  print(`(${what} is left out: it takes ${megabytes(neededBytes)}, and ${left})`);
  return false;
}

/** Ends this process in order at a signal, so that what it has on `exit` happens. */
export function exitOnSignals() {
  for (const name of STOPS) process.once(name, () => process.exit(128 + system.signals[name]));
}

/** Calls `use` with a new folder, which goes away afterwards, or when this process ends before. */
export async function inFolder(parent, use) {
  const folder = mkdtempSync(join(parent || ramDisk(), 'prpack-bench-'));
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  process.on('exit', remove);
  try {
    return await use(folder);
  } finally {
    remove();
    process.off('exit', remove);
  }
}

/** The environment of a user whose home is this folder, and who has set nothing for prpack. */
export function homeIn(folder) {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PRPACK_'));
  const home = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_CONFIG_HOME: join(folder, 'config') };
  return { ...Object.fromEntries(inherited), ...home };
}

export function print(line = '') {
  process.stdout.write(`${line}\n`);
}
