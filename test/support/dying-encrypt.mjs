// Encrypts with a key store, and dies as by kill -9 at the step that the first argument names.
import { encrypt, openKeyStore } from '../../dist/index.js';

const [step, input, output, storePath, contentId] = process.argv.slice(2);
const store = openKeyStore({ location: `sqlite:${storePath}` });

function dieAt(name) {
  if (step !== name) return;
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}

function dying(method) {
  return async (...args) => {
    dieAt(`before ${method}`);
    const result = await store[method](...args);
    dieAt(`after ${method}`);
    return result;
  };
}

const keyStore = {
  location: store.location,
  register: dying('register'),
  markActive: dying('markActive'),
  findByContentId: dying('findByContentId'),
};
const onProgress = ({ phase }) => dieAt(phase);
await encrypt({ input, output, keyStore, contentId, onProgress });
dieAt('done');
await store.close();
