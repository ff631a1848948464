import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';

/** A secret in every form in which it could be found, as bytes. */
function forms(hex: string): Buffer[] {
  const bytes = Buffer.from(hex, 'hex');
  const texts = [hex, hex.toUpperCase(), bytes.toString('base64'), bytes.toString('base64url')];
  // A UUID looks like a key, too: in text order and as PlayReady's GUID.
  const uuid = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  const texts16 = texts.map((text) => Buffer.from(text, 'utf16le'));
  return [
    bytes,
    Buffer.from(bytes).reverse(),
    ...[...texts, uuid].map((text) => Buffer.from(text)),
    ...texts16,
  ];
}

/** Expects that no haystack, each under its name, has any of the secrets (hex), in whatever form. */
export function expectAbsent(secrets: readonly string[], haystacks: ReadonlyMap<string, Uint8Array>): void {
  for (const secret of secrets) {
    for (const form of forms(secret)) {
      const found = [...haystacks]
        .filter(([, bytes]) => Buffer.from(bytes).includes(form))
        .map(([name]) => name);
      expect(found).toEqual([]);
    }
  }
}

/**
 * All files below a folder, by path. One that goes away meanwhile is left out: SQLite removes its log and the index of that when a process
 * has collected its last connection as garbage.
 */
export function filesBelow(folder: string): Map<string, Buffer> {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  return new Map(paths.flatMap((path) => contentOf(path)));
}

function contentOf(path: string): [string, Buffer][] {
  try {
    return statSync(path).isFile() ? [[path, readFileSync(path)]] : [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
