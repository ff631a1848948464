import { writeSync } from 'node:fs';
import { ContentKey } from '../../../src/keys/content-key.js';
import { newKeyId } from '../../../src/keys/key-id.js';
import { openKeyStore } from '../../../src/keystore/open.js';

// register-child <location> <count> <content id>: registers keys one by one in the store of this environment, and prints
// KID and key of each when it is acknowledged. On failure prints the error as JSON.
const [location, count, contentId] = process.argv.slice(2) as [string, string, string];
const store = openKeyStore({ location });
try {
  for (let i = 0; i < Number(count); i++) {
    const kid = newKeyId();
    const key = ContentKey.random();
    await store.register([{ kid, key, algorithm: 'AESCTR', contentId, source: 'random' }]);
    writeSync(1, `${kid} ${key.revealHex()}\n`);
  }
  await store.close();
} catch (error) {
  writeSync(2, JSON.stringify(error));
  process.exitCode = 1;
}
