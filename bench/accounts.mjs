// What the campaigns read for themselves, without prpack, to find out what became of jobs.

import { createCipheriv } from 'node:crypto';
import { DatabaseSync } from '@photostructure/sqlite';

/** The fingerprint of bytes: key and GMAC. */
export function fingerprintOf(bytes, key) {
  const mac = createCipheriv('aes-128-gcm', Buffer.from(key, 'hex'), Buffer.alloc(12)).setAAD(bytes);
  mac.final();
  return key + mac.getAuthTag().toString('hex');
}

/** A row for each published file of a key, and one for a key without any: content_id, kid, state, fingerprint. */
export function keyRows(path) {
  const store = new DatabaseSync(path);
  const rows = store
    .prepare('select content_id, kid, state, fingerprint from keys left join outputs using (kid)')
    .all();
  store.close();
  return rows;
}
