import type { KeyStore, SharedKeyStore } from './key-store.js';

/** A shared key store as one actor sees it: every call goes on in the name of the actor. To close it closes the store, for everybody. */
export function actorKeyStore(shared: SharedKeyStore, actor: string): KeyStore {
  return {
    location: shared.location,
    register: shared.register.bind(shared, actor),
    markActive: shared.markActive.bind(shared, actor),
    get: shared.get.bind(shared, actor),
    findByContentId: shared.findByContentId.bind(shared, actor),
    list: shared.list.bind(shared, actor),
    revoke: shared.revoke.bind(shared, actor),
    replacePolicy: shared.replacePolicy.bind(shared, actor),
    rewrap: shared.rewrap.bind(shared, actor),
    audit: shared.audit.bind(shared, actor),
    pruneAudit: shared.pruneAudit.bind(shared, actor),
    probe: shared.probe.bind(shared, actor),
    close: () => shared.close(),
  };
}
