import { isWebAddress } from '../../settings/kinds.js';
import type { HttpClient } from '../http/client.js';
import { describeUrl } from '../http/location.js';
import type { KeyLookup, KeySource } from '../key-source.js';
import { cpixKeySource } from './key-source.js';
import { fetchCpix, readCpixFile } from './load.js';
import type { CpixReadOptions } from './reader.js';

/**
 * The keys of a CPIX document at a path or URL.
 * @param client called for a URL alone
 * @throws PrpackError as `readCpixFile` and `fetchCpix`
 */
export async function openCpix(
  location: string,
  client: () => HttpClient,
  options: CpixReadOptions,
): Promise<KeySource & KeyLookup> {
  const isUrl = isWebAddress(location);
  const document = await (isUrl ? fetchCpix(location, client(), options) : readCpixFile(location, options));
  return cpixKeySource(document, { name: isUrl ? describeUrl(location) : location });
}
