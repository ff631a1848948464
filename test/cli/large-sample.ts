import { closeSync, copyFileSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { sample } from '../support/samples.js';

const SIZE_BYTES = 8 * 1024 ** 3;

/** Makes a sample too large to be done before a signal arrives, without filling the disk: a free box with a hole. */
export function makeLargeSample(path: string, bytes = SIZE_BYTES): void {
  copyFileSync(sample('bars.mp4'), path);
  const start = statSync(path).size;
  const header = Buffer.alloc(16);
  header.writeUInt32BE(1, 0); // the size is in 64 bits behind the type (ISO/IEC 14496-12 4.2)
  header.write('free', 4, 'latin1');
  header.writeBigUInt64BE(BigInt(bytes), 8);
  const file = openSync(path, 'r+');
  writeSync(file, header, 0, header.length, start);
  ftruncateSync(file, start + bytes);
  closeSync(file);
}
