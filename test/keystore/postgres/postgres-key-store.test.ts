import { afterAll } from 'vitest';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { openPostgresTables } from '../../../src/keystore/postgres/open.js';
import { describeWithPostgres } from '../../support/postgres.js';
import { ownKeyStoreContract } from '../contract.js';
import { storeOver } from '../helpers.js';
import { historiesOf } from '../histories.js';

describeWithPostgres('on PostgreSQL', (postgres) => {
  const opened: KeyStore[] = [];
  afterAll(() => Promise.all(opened.map((store) => store.close())));

  ownKeyStoreContract(async () => {
    const url = await postgres().database();
    return {
      open: (kek) => {
        const store = storeOver(openPostgresTables(url, {}), kek);
        opened.push(store);
        return store;
      },
    };
  });

  historiesOf(async () => storeOver(openPostgresTables(await postgres().database(), {})), 60);
});
