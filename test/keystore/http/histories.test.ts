import { afterAll } from 'vitest';
import { openKeyStore } from '../../../src/keystore/open.js';
import type { KeyServer } from '../../../src/server/start.js';
import { startTestServer } from '../../server/helpers.js';
import { temporaryFolder } from '../../support/temporary.js';
import { historiesOf } from '../histories.js';

const temporary = temporaryFolder();
let server: KeyServer | undefined;
afterAll(() => server?.close());

historiesOf(async () => {
  const started = await startTestServer(temporary('server'));
  server = started;
  const token = await started.token('register', 'read-keys', 'admin');
  return openKeyStore({ location: started.url, environment: { PRPACK_KEY_STORE_TOKEN: token } });
}, 30);
