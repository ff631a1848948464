// Encrypts into a folder and a key store, one content after another, until its input ends. Prints the path of each output.
import { join } from 'node:path';
import { encrypt, openKeyStore } from '../../dist/index.js';

const [name, input, folder, storePath] = process.argv.slice(2);
let isWanted = true;
process.stdin.on('end', () => {
  isWanted = false;
});
process.stdin.resume();
for (let i = 0; isWanted; i++) {
  const contentId = `${name} ${i}`;
  const output = join(folder, `${contentId}.mp4`);
  const keyStore = openKeyStore({ location: `sqlite:${storePath}` });
  await encrypt({ input, output, keyStore, contentId });
  await keyStore.close();
  process.stdout.write(`${output}\n`);
}
