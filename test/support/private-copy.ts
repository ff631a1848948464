import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const copies = new Map<string, string>();

/** A copy of a committed private key that only its owner can use, for git keeps no such modes. */
export function privateCopy(path: string): string {
  const known = copies.get(path);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), 'prpack-key-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const copy = join(folder, basename(path));
  copyFileSync(path, copy);
  chmodSync(copy, 0o600);
  copies.set(path, copy);
  return copy;
}
