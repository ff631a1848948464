import { afterAll } from 'vitest';
import { skmKekSource } from '../../../src/keystore/skm/kek-source.js';
import { SkmKeyStore } from '../../../src/keystore/skm/skm-key-store.js';
import { temporaryFolder } from '../../support/temporary.js';
import { keyStoreContract } from '../contract.js';
import { historiesOf } from '../histories.js';
import { startSkmServer, type TestSkmServer } from './skm-server.js';

const temporary = temporaryFolder();
const servers: TestSkmServer[] = [];
const opened: SkmKeyStore[] = [];
afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await Promise.all(servers.map((server) => server.close()));
});

/** A server of the SKM API that knows no key yet, as processes of one machine see it. */
async function place(): Promise<{ open: () => SkmKeyStore }> {
  const server = await startSkmServer();
  const indexPath = temporary(`machine-${servers.push(server)}/skm.sqlite`);
  return {
    open: () => {
      const store = new SkmKeyStore({
        url: new URL(server.url),
        kek: skmKekSource({ PRPACK_KEK: '000102030405060708090a0b0c0d0e0f' }),
        authorization: async () => undefined,
        indexPath,
        retryDelayMs: 1,
      });
      opened.push(store);
      return store;
    },
  };
}

keyStoreContract(place, ['states', 'audit', 'seeds', 'siblings', 'records']);
historiesOf(async () => (await place()).open(), 30, false);
