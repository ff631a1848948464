// Preloaded (--import) into the program and all of its threads: makes reads and writes of media behave as a bad disk may.
// FAULT says how, as "call:fault:after": from the call of that number on, in each thread.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [name, fault, after] = process.env.FAULT.split(':');
const real = fs[name];
let calls = 0;

const fail = (code) => {
  throw Object.assign(new Error(`${code}: injected`), { code });
};

/** What a call (fd, buffer, offset, length, position) does instead. */
const FAULTS = {
  short: (fd, buffer, offset, length, position) => real(fd, buffer, offset, Math.ceil(length / 3), position),
  none: () => 0,
  EINTR: (...args) => (calls % 2 === 0 ? fail('EINTR') : real(...args)),
  EIO: () => fail('EIO'),
  ENOSPC: () => fail('ENOSPC'),
  exit: () => process.exit(0),
};

fs[name] = (fd, buffer, ...rest) => {
  const isPositioned = ArrayBuffer.isView(buffer) && typeof rest[2] === 'number';
  if (!isPositioned || ++calls <= Number(after)) return real(fd, buffer, ...rest);
  return FAULTS[fault](fd, buffer, ...rest);
};
syncBuiltinESMExports();
