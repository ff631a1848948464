import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { link, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileLock } from '../bytes/file-lock.js';
import { PrpackError } from '../errors.js';
import { assertNoOpenModes, createSecretFile, makePrivateDirectory, syncDirectory } from '../keys/file.js';
import { named } from '../settings/spelling.js';
import { KekCommand } from './kek-command.js';
import { missingKek } from './kek-failure.js';
import { KeyEncryptionKey } from './key-wrap.js';
import { defaultKekPath } from './paths.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variable of the key-encryption key: 64 hexadecimal digits or base64 of 32 bytes. */
export const KEK_VARIABLE = 'PRPACK_KEK';

/** The form in which a store keeps a KEK that a KEK command has wrapped; undefined when it does not keep the KEK with this id. */
export type KeptKek = (id: string) => Promise<string | undefined>;

/** Where a key-encryption key comes from. */
export interface KekSource {
  /** For messages. */
  readonly name: string;
  /**
   * The KEK, or undefined when there is none yet. Where several are kept, while they are rotated and for stores that are rotated one
   * by one, the one with `wantedId` if it is among them.
   * @param kept what the store keeps of KEKs, for a source that has them wrapped
   */
  load(wantedId?: string, kept?: KeptKek): Promise<KeyEncryptionKey | undefined>;
  /** Makes the KEK on first use; present only where that is wanted. Many processes that call it at once get the same one. */
  readonly create?: () => Promise<KeyEncryptionKey>;
}

/** What users name of the KEK, besides `PRPACK_KEK`. */
export interface KekOptions {
  /** Path of the KEK file. */
  readonly kekFile?: string;
  /** Path of a KEK command: a program that wraps KEKs, which the store then keeps. */
  readonly kekCommand?: string;
}

/**
 * The KEK that is in force: one that a KEK command opens; else the file named by the user, else `PRPACK_KEK`, else a file in the user's
 * configuration directory, which is the only one that is made on first use.
 */
export function kekSource(environment: Environment, { kekFile, kekCommand }: KekOptions = {}): KekSource {
  const own = ownKekSource(environment, kekFile);
  return kekCommand === undefined ? own : new KekCommand(kekCommand, environment, own);
}

/** A KEK that is in a file or the environment. */
function ownKekSource(environment: Environment, kekFile: string | undefined): KekSource {
  if (kekFile !== undefined) return { name: kekFile, load: (id) => readKeptKek(kekFile, id) };
  const text = environment[KEK_VARIABLE];
  if (text) return { name: KEK_VARIABLE, load: async () => KeyEncryptionKey.parse(text, KEK_VARIABLE) };
  const path = defaultKekPath(environment);
  return { name: path, load: (id) => readKeptKek(path, id), create: () => createKekFile(path) };
}

/**
 * Reads a KEK file; undefined when it is not there.
 * @throws PrpackError KEY_INVALID when it is not a KEK or others can read it, KEY_SOURCE_FAILED when it cannot be read
 */
export async function readKekFile(path: string): Promise<KeyEncryptionKey | undefined> {
  const text = await readKekText(path);
  return text === undefined ? undefined : KeyEncryptionKey.parse(text, path);
}

/**
 * The KEK of the file; when another one is wanted, that one if a rotation keeps it next to the file. During a rotation a KEK moves
 * from `<path>.next` to `<path>`, and it has the name `<path>.<id>` before the one after it takes its place. Looking in this order
 * cannot miss it, whenever it moves.
 */
async function readKeptKek(
  path: string,
  wantedId: string | undefined,
): Promise<KeyEncryptionKey | undefined> {
  const present = await readKekFile(path);
  if (wantedId === undefined || present?.id === wantedId) return present;
  for (const place of [nextPath(path), path, asidePath(path, wantedId)]) {
    const kek = await readKekFile(place);
    if (kek?.id === wantedId) return kek;
  }
  return present;
}

/** Where a rotation keeps the KEK that is to be in the file: keys are wrapped under it while the rotation goes on. */
function nextPath(path: string): string {
  return `${path}.next`;
}

/** Where a rotation keeps the KEK that was in the file before. */
function asidePath(path: string, id: string): string {
  return `${path}.${id}`;
}

/**
 * The text of a KEK file of any kind; undefined when it is not there. Read without a detour over other threads, for it is read for
 * every call to the key store.
 * @throws PrpackError KEY_INVALID when others can read it, KEY_SOURCE_FAILED when it cannot be read
 */
export async function readKekText(path: string): Promise<string | undefined> {
  try {
    const file = openSync(path, 'r');
    try {
      assertNoOpenModes(path, 'key-encryption key', fstatSync(file), 'rotate the KEK');
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof PrpackError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw kekFileFailure(path, 'read', error as NodeJS.ErrnoException);
  }
}

/**
 * Makes a KEK file with a new random KEK, or reads the one that another process made in the meantime. The file
 * appears whole: it is linked to its name only when it is on the disk.
 */
export async function createKekFile(path: string): Promise<KeyEncryptionKey> {
  const kek = KeyEncryptionKey.random();
  const temporary = `${path}.${randomUUID()}`;
  try {
    await makePrivateDirectory(dirname(path));
    await createSecretFile(temporary, `${kek.revealHex()}\n`);
    try {
      await link(temporary, path);
    } finally {
      await unlink(temporary);
    }
    await syncDirectory(dirname(path));
    return kek;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw kekFileFailure(path, 'written', error as NodeJS.ErrnoException);
    }
    return (await readKekFile(path))!;
  }
}

/**
 * Gives a KEK file a new random KEK, after `rewrap` has wrapped everything under it. The old KEK stays next to it as
 * `<path>.<id>`, for other key stores and older backups need it. Every KEK that a key may be wrapped under can be read at each moment
 * of a rotation, and after its death at any step. A rotation that was stopped is finished by the next call.
 * @returns what `rewrap` returned
 * @throws PrpackError KEY_REQUIRED when there is no KEK to rotate, KEY_SOURCE_FAILED when another rotation of it is going on, else as
 * `rewrap`, `readKekFile` and `createKekFile`
 */
export async function rotateKekFile(
  path: string,
  rewrap: (next: KeyEncryptionKey) => Promise<number>,
): Promise<number> {
  if (!(await readKekFile(path))) throw missingKek(path, undefined);
  const lock = await lockRotation(path);
  try {
    const present = (await readKekFile(path))!; // another rotation may have ended in between
    const count = await rewrap(await createKekFile(nextPath(path)));
    await replaceKekFile(path, present.id);
    return count;
  } finally {
    lock.release();
  }
}

/**
 * Gives a store a new KEK in a file: `rotateKekFile`, but for a file that is not there yet, which is made first.
 * @throws PrpackError as `rotateKekFile`
 */
export async function moveKekToFile(
  path: string,
  rewrap: (next: KeyEncryptionKey) => Promise<number>,
): Promise<number> {
  return (await readKekFile(path)) ? rotateKekFile(path, rewrap) : rewrap(await createKekFile(path));
}

/** Two rotations at once would put the KEK of the first in nobody's place. */
async function lockRotation(path: string): Promise<FileLock> {
  const lock = await FileLock.acquire(`${path}.lock`).catch((error) => {
    throw kekFileFailure(path, 'replaced', error as NodeJS.ErrnoException);
  });
  if (lock) return lock;
  throw new PrpackError(
    'KEY_SOURCE_FAILED',
    `another program is replacing the key-encryption key (KEK) in ${path}`,
    { path, remedy: 'Wait until the other `prpack keys rewrap` has ended, then try again.' },
  );
}

async function replaceKekFile(path: string, presentId: string): Promise<void> {
  try {
    await linkUnlessThere(path, asidePath(path, presentId));
    await syncDirectory(dirname(path)); // the old KEK has its other name before it loses this one
    await rename(nextPath(path), path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw kekFileFailure(path, 'replaced', error as NodeJS.ErrnoException);
  }
}

/** A name with the id of a KEK in it can only be that of the same KEK. */
async function linkUnlessThere(path: string, name: string): Promise<void> {
  try {
    await link(path, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function kekFileFailure(
  path: string,
  verb: 'read' | 'written' | 'replaced',
  cause: NodeJS.ErrnoException,
): PrpackError {
  const own = verb === 'read' ? 'Let this user read it' : 'Let this user write it, on a disk that has room';
  return new PrpackError(
    'KEY_SOURCE_FAILED',
    `the key-encryption key (KEK) cannot be ${verb}: ${path} (${cause.code})`,
    { path, remedy: `${own}, or give a KEK with ${named('kekFile')} or ${KEK_VARIABLE}.` },
    cause,
  );
}
