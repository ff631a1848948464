import { afterAll } from 'vitest';
import type { KeyStore } from '../../../src/keystore/key-store.js';
import { openKeyStore } from '../../../src/keystore/open.js';
import type { KeyServer } from '../../../src/server/start.js';
import { startTestServer } from '../../server/helpers.js';
import { temporaryFolder } from '../../support/temporary.js';
import { keyStoreContract } from '../contract.js';
import { historiesOf } from '../histories.js';

const temporary = temporaryFolder();
const servers: KeyServer[] = [];
const opened: KeyStore[] = [];
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await Promise.all(servers.map((server) => server.close()));
});

/** A server with a new store, as one packager sees it that may do everything. The KEK is the business of the server. */
async function place(): Promise<{ open: () => KeyStore }> {
  const server = await startTestServer(temporary(`server-${servers.length}`));
  servers.push(server);
  const { token } = await server.tokens.create({
    name: 'tester',
    scopes: ['register', 'read-keys', 'admin'],
  });
  return {
    open: () => {
      const store = openKeyStore({ location: server.url, environment: { PRPACK_KEY_STORE_TOKEN: token } });
      opened.push(store);
      return store;
    },
  };
}

keyStoreContract(place, ['clock']);
historiesOf(async () => (await place()).open(), 30);
