import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Somebody to whom modes of files matter, as they do not to root. */
export const NOBODY = 65534;

export const isRoot = process.getuid?.() === 0;

/** Behind the title of a test that root runs as {@link NOBODY}: why it cannot, for example in a clone below a private folder. */
export const otherUserProblem = isRoot ? closedFolder(dirname(fileURLToPath(import.meta.url))) : '';

function closedFolder(path: string): string {
  if ((statSync(path).mode & 0o005) !== 0o005) return ` (skipped: ${path} is closed to other users)`;
  return path === dirname(path) ? '' : closedFolder(dirname(path));
}
