// Preloaded (--import) into the program and all of its threads: a thread that opens a file named `throws` or `exits` dies of it.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { isMainThread } from 'node:worker_threads';

const real = fs.openSync;
fs.openSync = (path, ...rest) => {
  const name = isMainThread ? '' : basename(String(path), '.mp4');
  if (name === 'exits') process.exit(1);
  if (name === 'throws') {
    setImmediate(() => {
      throw new Error('injected');
    });
  }
  return real(path, ...rest);
};
syncBuiltinESMExports();
