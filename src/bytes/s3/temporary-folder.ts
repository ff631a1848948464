import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputFailure } from '../write.js';

/**
 * A new folder that only this user can look into.
 * @param shown the output that it is for
 * @throws PrpackError OUTPUT_FAILED
 */
export function temporaryFolder(shown: string): string {
  try {
    return mkdtempSync(join(tmpdir(), 'prpack-'));
  } catch (cause) {
    throw outputFailure(shown, `has no place for temporary files in ${tmpdir()}`, cause);
  }
}
