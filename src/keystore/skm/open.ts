import { clientSettings } from '../http/client-settings.js';
import { skmIndexPath } from '../paths.js';
import { skmKekSource } from './kek-source.js';
import { SkmKeyStore } from './skm-key-store.js';

/**
 * The key store behind an SKM server. `location` is the URL without `skm+`.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function openSkmKeyStore(
  location: string,
  environment: Readonly<Record<string, string | undefined>>,
  kekFile?: string,
): SkmKeyStore {
  return new SkmKeyStore({
    ...clientSettings(location, environment, 'skm+'),
    kek: skmKekSource(environment, kekFile),
    indexPath: skmIndexPath(environment),
  });
}
