import { clientSettings } from './client-settings.js';
import { HttpKeyStore } from './http-key-store.js';

/**
 * The key store behind a key server.
 * @throws PrpackError INVALID_ARGUMENT
 */
export function openHttpKeyStore(
  location: string,
  environment: Readonly<Record<string, string | undefined>>,
): HttpKeyStore {
  return new HttpKeyStore(clientSettings(location, environment));
}
