import { writeSync } from 'node:fs';
import { ContentKey } from '../../src/keys/content-key.js';
import { newKeyId } from '../../src/keys/key-id.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { isKeyRace } from '../../src/keystore/registration-rules.js';

// register-child <location> <count> <content id> [<batch> [gives-way]]: registers keys, one or `batch` at a time, and prints KID and key
// of each when it is acknowledged; with `gives-way`, each for a content of its own, `<content id> <n>`, unless that has a key. On failure
// prints the error as JSON.
const [location, count, contentId, batch = '1', way] = process.argv.slice(2) as [
  string,
  string,
  string,
  string?,
  string?,
];
const store = openKeyStore({ location });
try {
  for (let done = 0; done < Number(count); done += Number(batch)) {
    const registrations = Array.from({ length: Number(batch) }, (_, i) => ({
      kid: newKeyId(),
      key: ContentKey.random(),
      algorithm: 'AESCTR' as const,
      contentId: way === undefined ? contentId : `${contentId} ${done + i}`,
      source: 'random',
      givesWay: way !== undefined,
    }));
    try {
      await store.register(registrations);
      writeSync(1, registrations.map(({ kid, key }) => `${kid} ${key.revealHex()}\n`).join(''));
    } catch (error) {
      if (!isKeyRace(error)) throw error;
    }
  }
  await store.close();
} catch (error) {
  writeSync(2, JSON.stringify(error));
  process.exitCode = 1;
}
