import { fullBox } from './box.js';

const NO_ENTRIES = new Uint8Array(4);
const NO_SAMPLES = new Uint8Array(8);

/**
 * The four sample tables that `stbl` must have (ISO/IEC 14496-12 8.5.1), without a sample: those of a track whose
 * samples are all in fragments. `stts`, `stsc`, `stsz` and `stco`, one after the other.
 */
export function writeEmptyTables(): Uint8Array {
  return Buffer.concat([
    fullBox('stts', 0, 0, NO_ENTRIES),
    fullBox('stsc', 0, 0, NO_ENTRIES),
    fullBox('stsz', 0, 0, NO_SAMPLES),
    fullBox('stco', 0, 0, NO_ENTRIES),
  ]);
}
