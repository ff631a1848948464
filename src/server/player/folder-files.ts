import { realpath, stat } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import type { MediaFile } from './media.js';

/** What a presentation is made of, by the extensions of its files. Nothing else of the folder is served. */
const TYPES: Readonly<Record<string, string>> = {
  '.mpd': 'application/dash+xml',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mp4': 'video/mp4',
  '.m4s': 'video/iso.segment',
  '.m4a': 'audio/mp4',
  '.m4v': 'video/mp4',
  '.cmfv': 'video/mp4',
  '.cmfa': 'audio/mp4',
  '.cmft': 'application/mp4',
  '.vtt': 'text/vtt; charset=utf-8',
  '.ttml': 'application/ttml+xml',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
};

/** A part of a path that names what lies in its folder: no way up, nothing hidden, no separator of any system. */
const NAME = /^[^./\\\0][^/\\\0]*$/;

/**
 * A file of a presentation, as it is at the moment.
 * @param path below the folder, with slashes
 * @returns undefined for what is not there, is no file of a presentation, or lies elsewhere by a link
 */
export async function fileOfFolder(folder: string, path: string): Promise<MediaFile | undefined> {
  const parts = path.split('/');
  const type = TYPES[extname(path).toLowerCase()];
  if (type === undefined || !parts.every((part) => NAME.test(part))) return undefined;
  try {
    const real = await realpath(join(folder, ...parts));
    if (!real.startsWith(`${await realpath(folder)}${sep}`)) return undefined;
    const stats = await stat(real);
    return stats.isFile() ? { path: real, bytes: stats.size, type } : undefined;
  } catch {
    return undefined;
  }
}
