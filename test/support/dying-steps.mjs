// Preloaded (--import) into the program: it dies as by kill -9 before the step of its work on files and key stores that DIE_AT names, or
// prints on stderr at its end how many steps there were.
import crypto from 'node:crypto';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** A step is made of so many keys that are wrapped: inside of a transaction. */
const KEYS_A_STEP = 100;

const dieAt = Number(process.env.DIE_AT);
let steps = 0;
let wrapped = 0;

function step() {
  if (++steps !== dieAt) return;
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
}

function stepBefore(object, name, counts = () => true) {
  const real = object[name];
  object[name] = (...args) => {
    if (counts()) step();
    return real(...args);
  };
}

for (const name of ['link', 'rename', 'unlink', 'open']) stepBefore(fs, name);
stepBefore(crypto, 'createCipheriv', () => wrapped++ % KEYS_A_STEP === 0);
stepBefore(globalThis, 'setImmediate'); // before each transaction
syncBuiltinESMExports();

process.on('exit', () => process.stderr.write(`steps: ${steps}\n`));
