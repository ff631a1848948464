import { writeSync } from 'node:fs';
import { ContentKey } from '../../../src/keys/content-key.js';
import { newKeyId } from '../../../src/keys/key-id.js';
import { openKeyStore } from '../../../src/keystore/open.js';

// register-child <location> <count> <content id> [<batch>]: registers keys, one or `batch` at a time, and prints KID and key of
// each when it is acknowledged. On failure prints the error as JSON.
const [location, count, contentId, batch = '1'] = process.argv.slice(2) as [string, string, string, string?];
const store = openKeyStore({ location });
try {
  for (let done = 0; done < Number(count); done += Number(batch)) {
    const registrations = Array.from({ length: Number(batch) }, () => ({
      kid: newKeyId(),
      key: ContentKey.random(),
      algorithm: 'AESCTR' as const,
      contentId,
      source: 'random',
    }));
    await store.register(registrations);
    writeSync(1, registrations.map(({ kid, key }) => `${kid} ${key.revealHex()}\n`).join(''));
  }
  await store.close();
} catch (error) {
  writeSync(2, JSON.stringify(error));
  process.exitCode = 1;
}
