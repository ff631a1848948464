// Preloaded (--import) into the program: it dies as by kill -9 before a synchronous call on files. DIE_AT says which, as "call:name":
// the call of node:fs, and the name of the file that it is about (that of its last path).

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

const [call, name] = process.env.DIE_AT.split(':');
const real = fs[call];

fs[call] = (...args) => {
  const paths = args.filter((arg) => typeof arg === 'string');
  if (basename(paths.at(-1) ?? '') === name) {
    process.kill(process.pid, 'SIGKILL');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
  }
  return real(...args);
};
syncBuiltinESMExports();
