import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { ContentKey } from '../../src/keys/content-key.js';
import { type KeyId, newKeyId } from '../../src/keys/key-id.js';
import { actorKeyStore } from '../../src/keystore/actor-key-store.js';
import type { KekSource } from '../../src/keystore/kek.js';
import type { KeyRegistration, KeyStore } from '../../src/keystore/key-store.js';
import type { KeyTables } from '../../src/keystore/key-tables.js';
import { KeyEncryptionKey } from '../../src/keystore/key-wrap.js';
import { PromptReadAudit } from '../../src/keystore/read-audit.js';
import { DatabaseFile } from '../../src/keystore/sqlite/database-file.js';
import { KEY_STORE_SCHEMA } from '../../src/keystore/sqlite/migrations.js';
import { SqliteTables } from '../../src/keystore/sqlite/sqlite-tables.js';
import { TableKeyStore } from '../../src/keystore/table-key-store.js';

export const KEK_HEX = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
export const OTHER_KEK_HEX = 'f'.repeat(64);
export const SHA = 'ab'.repeat(32);
export const NO_KID = 'ffffffff-ffff-ffff-ffff-ffffffffffff' as KeyId;

/** A KEK that is given, and that a test can exchange. */
export function fixedKek(hex = KEK_HEX): KekSource & { hex: string | undefined } {
  return {
    hex,
    name: 'test KEK',
    async load() {
      return this.hex === undefined ? undefined : KeyEncryptionKey.parse(this.hex, 'test KEK');
    },
  };
}

export function storePath(directory: string): string {
  return join(directory, 'store', 'keys.sqlite');
}

export function storeIn(directory: string, kek: KekSource = fixedKek()): KeyStore {
  return storeOver(new SqliteTables(new DatabaseFile(storePath(directory), KEY_STORE_SCHEMA)), kek);
}

/** The store over tables of any kind. */
export function storeOver(tables: KeyTables, kek: KekSource = fixedKek()): KeyStore {
  const shared = new TableKeyStore({ tables, kek, readAudit: new PromptReadAudit(tables) });
  return actorKeyStore(shared, 'tester');
}

export function registration(more: Partial<KeyRegistration> = {}): KeyRegistration {
  return {
    kid: newKeyId(),
    key: ContentKey.random(),
    algorithm: 'AESCTR',
    contentId: 'movie',
    source: 'random',
    ...more,
  };
}

/** Does to the database file what somebody with another SQLite program could do. */
export function tamper(directory: string, ...statements: string[]): void {
  const database = new DatabaseSync(storePath(directory));
  try {
    for (const statement of statements) database.exec(statement);
  } finally {
    database.close();
  }
}
