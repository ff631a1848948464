import type { Command } from 'commander';
import { PrpackError } from '../../errors.js';
import type { ProtectionSystem } from '../../index.js';
import { bytesOfValue } from './files.js';
import { listOf, nonEmpty, repeatable } from './values.js';

type Library = typeof import('../../index.js');

/** What commander makes of the options that say which pssh boxes are written. */
export interface SystemFlags {
  readonly systems?: readonly ProtectionSystem[];
  readonly pssh?: readonly string[];
}

/** Adds the options that say which pssh boxes are written. */
export function addSystemOptions(command: Command): void {
  command.optionsGroup('Protection systems:');
  command.option(
    '--systems <list>',
    'pssh boxes to add: playready, common, widevine (default: playready,common)',
    listOf('--systems', ['playready', 'common', 'widevine']),
  );
  command.option(
    '--pssh <base64|@file>',
    'add a pssh box or PlayReady Object made elsewhere; may be repeated',
    repeatable(nonEmpty('--pssh')),
  );
}

/**
 * The boxes and objects of --pssh.
 * @throws PrpackError INVALID_ARGUMENT
 */
export async function givenPssh({ pssh = [] }: SystemFlags, library: Library): Promise<Uint8Array[]> {
  return Promise.all(pssh.map((value) => psshOfValue(value, library)));
}

/** A box or object that does not read is refused as the option's value, before any media is. */
async function psshOfValue(value: string, library: Library): Promise<Uint8Array> {
  const bytes = await bytesOfValue('--pssh', value);
  try {
    await library.parsePssh(bytes);
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw new PrpackError('INVALID_ARGUMENT', `--pssh: ${error.message}`, error.details, error);
  }
  return bytes;
}
