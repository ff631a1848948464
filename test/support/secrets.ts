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

/** All files below a folder, by path. */
export function filesBelow(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const paths = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return new Map(paths.map((path) => [path, readFileSync(path)]));
}
