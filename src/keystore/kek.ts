import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { link, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PrpackError } from '../errors.js';
import { createSecretFile, makePrivateDirectory, refuseOpenModes, syncDirectory } from '../keys/file.js';
import { named } from '../settings/spelling.js';
import { missingKek } from './kek-failure.js';
import { KeyEncryptionKey } from './key-wrap.js';
import { defaultKekPath } from './paths.js';

/** Environment variable of the key-encryption key: 64 hexadecimal digits or base64 of 32 bytes. */
export const KEK_VARIABLE = 'PRPACK_KEK';

/** Where a key-encryption key comes from. */
export interface KekSource {
  /** For messages. */
  readonly name: string;
  /**
   * The KEK, or undefined when there is none yet. Where several are kept, for stores that are rotated one by one, the one with
   * `wantedId` if it is among them.
   */
  load(wantedId?: string): Promise<KeyEncryptionKey | undefined>;
  /** Makes the KEK on first use; present only where that is wanted. Many processes that call it at once get the same one. */
  readonly create?: () => Promise<KeyEncryptionKey>;
}

/**
 * The KEK that is in force: the file named by the user, else `PRPACK_KEK`, else a file in the user's configuration directory, which
 * is the only one that is made on first use.
 */
export function kekSource(
  environment: Readonly<Record<string, string | undefined>>,
  kekFile?: string,
): KekSource {
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

/** The KEK of the file, or the one that a rotation has put aside, when that is wanted: other stores may still be under it. */
async function readKeptKek(
  path: string,
  wantedId: string | undefined,
): Promise<KeyEncryptionKey | undefined> {
  const present = await readKekFile(path);
  if (wantedId === undefined || present?.id === wantedId) return present;
  return (await readKekFile(asidePath(path, wantedId))) ?? present;
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
      refuseOpenModes(path, 'key-encryption key', fstatSync(file), 'rotate the KEK');
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
 * Gives a KEK file a new random KEK, after `rewrap` has wrapped everything under it. The old KEK stays beside it as
 * `<path>.<id>`, for other key stores and older backups need it. A rotation that was stopped is finished by the next call.
 * @returns what `rewrap` returned
 * @throws PrpackError KEY_REQUIRED when there is no KEK to rotate, else as `rewrap`, `readKekFile` and `createKekFile`
 */
export async function rotateKekFile(
  path: string,
  rewrap: (next: KeyEncryptionKey) => Promise<number>,
): Promise<number> {
  const present = await readKekFile(path);
  if (!present) throw missingKek(path, undefined);
  const nextPath = `${path}.next`;
  const count = await rewrap(await createKekFile(nextPath));
  try {
    await linkUnlessThere(path, asidePath(path, present.id));
    await rename(nextPath, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    throw kekFileFailure(path, 'replaced', error as NodeJS.ErrnoException);
  }
  return count;
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
