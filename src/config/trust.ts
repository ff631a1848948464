import { realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { modeText } from '../bytes/open-modes.js';
import { configError } from './failure.js';

const WRITABLE_BY_GROUP_OR_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Refuses to run a file that was found and not named, if somebody else than this user and root could have put it there: it and every
 * directory above must belong to one of them, and neither group nor others may write to them. A sticky directory such as /tmp may lie
 * above, for nobody can rename what another owns in it; but the file may not lie in it itself, where anybody can make a link.
 * What Windows says of that is not known here.
 * @param path absolute
 * @throws PrpackError INVALID_ARGUMENT
 */
export function assertTrustedCode(path: string, userId = process.geteuid?.()): void {
  if (userId === undefined) return;
  const real = realpathSync(path);
  for (const place of new Set([real, ...directoriesAbove(real), ...directoriesAbove(path)])) {
    const stats = statSync(place);
    const problem = problemOf(stats, userId, place !== dirname(real) && place !== dirname(path));
    if (problem === undefined) continue;
    throw configError(path, `it is not run, because ${problem}: ${place}`, {
      expected: 'the file and all directories above belong to this user or root, who alone may write to them',
      received: `owner ${stats.uid}, ${modeText(stats)}`,
      remedy:
        'Look at who put the file there. If it is yours, correct owner and mode (chmod go-w), write it as JSON or YAML, or name it with --config.',
    });
  }
}

function directoriesAbove(path: string): string[] {
  const parent = dirname(path);
  return parent === path ? [] : [parent, ...directoriesAbove(parent)];
}

function problemOf(stats: Stats, userId: number, mayBeSticky: boolean): string | undefined {
  if (stats.uid !== userId && stats.uid !== 0) return 'another user owns this';
  if ((stats.mode & WRITABLE_BY_GROUP_OR_OTHERS) === 0) return undefined;
  if (mayBeSticky && stats.isDirectory() && (stats.mode & STICKY) !== 0) return undefined;
  return 'other users can write to this';
}
