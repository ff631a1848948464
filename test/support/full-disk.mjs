// Preloaded (--import) into the program and all of its threads: while the file that FULL_WHILE names exists, media cannot be written,
// as on a full disk.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const real = fs.writeSync;
fs.writeSync = (fd, buffer, ...rest) => {
  if (ArrayBuffer.isView(buffer) && fs.existsSync(process.env.FULL_WHILE)) {
    throw Object.assign(new Error('ENOSPC: injected'), { code: 'ENOSPC' });
  }
  return real(fd, buffer, ...rest);
};
syncBuiltinESMExports();
