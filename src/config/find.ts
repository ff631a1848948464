import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { configError } from './failure.js';
import { assertTrustedCode } from './trust.js';

/** Names of configuration files. */
export const CONFIG_FILE_NAMES = ['json', 'yaml', 'yml', 'js', 'mjs'].map(
  (extension) => `prpack.config.${extension}`,
);

/** Names of files that are run. */
const IS_CODE = /\.m?js$/;

/**
 * The configuration file of a directory: in it, or else in the nearest directory above.
 * @throws PrpackError INVALID_ARGUMENT when a directory has several, for then nobody knows which one counts, and when it is code that
 *   somebody else can have put there
 */
export function findConfigFile(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const found = CONFIG_FILE_NAMES.map((name) => join(at, name)).filter((path) => existsSync(path));
    if (found.length > 1) {
      throw configError(found[0]!, 'there is another configuration file next to it', {
        received: found.join(', '),
        remedy: 'Keep one of them, or name one with --config.',
      });
    }
    if (found[0] && IS_CODE.test(found[0])) assertTrustedCode(found[0]);
    if (found[0] || dirname(at) === at) return found[0];
  }
}
