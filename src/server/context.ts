import type { KeyStore } from '../keystore/key-store.js';
import type { Access } from './access/authenticate.js';
import { BoundKeyStore } from './access/bound-key-store.js';
import type { Principal } from './access/scopes.js';
import type { ContentKeys } from './content-keys.js';
import type { Metrics } from './metrics.js';
import type { Stores } from './stores.js';

/** What the routes of the server share. */
export interface ServerContext {
  readonly stores: Stores;
  readonly access: Access;
  readonly metrics: Metrics;
  /** Metrics in the text format of Prometheus, of all processes that serve the port together. */
  readonly metricsText: () => Promise<string>;
  readonly contentKeys: ContentKeys;
  /** License acquisition URL of headers that the server makes. */
  readonly laUrl?: string;
}

/** The store as the caller of a route uses it; the route demands scopes. */
export function storeOf({ stores }: ServerContext, { principal }: { principal?: Principal }): KeyStore {
  const { actor, contentPrefix } = principal!;
  const store = stores.of(actor);
  return contentPrefix === undefined ? store : new BoundKeyStore(store, contentPrefix);
}
