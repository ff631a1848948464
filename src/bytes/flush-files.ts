import { type FileHandle, open } from 'node:fs/promises';
import { outputFailure } from './write.js';

/** So many at a time: a disk takes the flushes that wait for it together. */
const AT_A_TIME = 16;

/**
 * Hands files that are closed to the disk.
 * @throws PrpackError OUTPUT_FAILED
 */
export async function flushFiles(paths: readonly string[]): Promise<void> {
  const left = paths.values();
  const work = async () => {
    for (const path of left) await flushFile(path);
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, paths.length) }, work));
}

async function flushFile(path: string): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r+');
    await file.sync();
  } catch (cause) {
    throw outputFailure(path, 'cannot be flushed to the disk', cause);
  } finally {
    await file?.close();
  }
}
