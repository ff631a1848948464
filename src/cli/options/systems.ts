import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import { addGroup } from './add.js';
import { bytesOfValue } from './files.js';

/** Adds the options that say which pssh boxes are written. */
export function addSystemOptions(command: Command): void {
  command.optionsGroup('Protection systems:');
  addGroup(command, 'systems');
}

/**
 * The boxes and objects of --pssh.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function givenPssh(values: readonly string[] | undefined = []): Promise<Uint8Array[]> {
  return Promise.all(values.map(psshOfValue));
}

/** A box or object that does not read is refused as the option's value, before any media is. */
async function psshOfValue(value: string): Promise<Uint8Array> {
  const { parsePssh } = await import('../../index.js');
  const bytes = await bytesOfValue('--pssh', value);
  try {
    await parsePssh(bytes);
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw new PrpackError('INVALID_ARGUMENT', `--pssh: ${error.message}`, error.details, error);
  }
  return bytes;
}
