import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import { KEK_VARIABLE, readKekText } from '../kek.js';
import type { SkmKek } from './kek.js';

/** Gives the KEK, which is read again each time. */
export type SkmKekSource = () => Promise<SkmKek>;

/**
 * The KEK in the file named by the user, else in `PRPACK_KEK`. Neither is one made here nor that of the user's own SQLite store taken:
 * nobody else has those, and no license server could open what is wrapped under them.
 */
export function skmKekSource(
  environment: Readonly<Record<string, string | undefined>>,
  kekFile?: string,
): SkmKekSource {
  if (kekFile !== undefined) return () => readSkmKekFile(kekFile);
  return async () => {
    const text = environment[KEK_VARIABLE];
    if (text) return parseKek(text, KEK_VARIABLE);
    throw missing('there is no key-encryption key (KEK) for the SKM server');
  };
}

async function readSkmKekFile(path: string): Promise<SkmKek> {
  const text = await readKekText(path);
  if (text === undefined) throw missing(`${path}: there is no key-encryption key (KEK)`);
  return parseKek(text, path);
}

/** The cipher is loaded with the first KEK: its tables take time. */
async function parseKek(text: string, name: string): Promise<SkmKek> {
  const { SkmKek } = await import('./kek.js');
  return SkmKek.parse(text, name);
}

function missing(message: string): PrpackError {
  return new PrpackError('KEY_REQUIRED', message, {
    remedy: `Give the KEK that was agreed on with the license server, with ${named('kekFile')} or in ${KEK_VARIABLE}. A new one does not help: nobody else could open the keys.`,
  });
}
