import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The repository. */
export const ROOT = join(import.meta.dirname, '../..');

const MEDIA_FILE = /\.(mp4|m4a|mov)$/;

/** Path of a file of samples/. */
export function sample(name: string): string {
  return join(ROOT, 'samples', name);
}

/** Path of a file of test/media/. */
export function testMedia(name: string): string {
  return join(ROOT, 'test/media', name);
}

/** Every media file of samples/ and test/media/, by name. */
export function allMedia(): { name: string; path: string }[] {
  return [sample(''), testMedia('')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => MEDIA_FILE.test(name))
      .map((name) => ({ name, path: join(folder, name) })),
  );
}
