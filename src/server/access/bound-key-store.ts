import type { KeyId } from '../../keys/key-id.js';
import type {
  AuditEntry,
  AuditFilter,
  ContentFilter,
  KeyFilter,
  KeyRecord,
  KeyRegistration,
  KeyStore,
  Page,
  PageRequest,
  Policy,
  PublishedOutput,
  RegisteredKey,
  StoredKey,
} from '../../keystore/key-store.js';
import { Problem } from '../problem.js';
import { keyNotFound } from '../rest/common.js';

/**
 * A key store as a caller sees it that is bound to contents whose ids begin with a prefix: it can register keys for those alone, and
 * keys of others are not there for it.
 */
export class BoundKeyStore implements KeyStore {
  readonly location: string;
  readonly #store: KeyStore;
  readonly #prefix: string;

  constructor(store: KeyStore, prefix: string) {
    this.location = store.location;
    this.#store = store;
    this.#prefix = prefix;
  }

  async register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    for (const { kid, contentId } of registrations) {
      if (!this.#isOwn(contentId)) throw outside(this.#prefix);
      const [held] = (await this.#store.list({ kid })).items;
      if (held && !this.#isOwn(held.contentId)) throw keyOfOthers(kid);
    }
    return this.#store.register(registrations);
  }

  async markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    await this.#assertOwn(kids);
    await this.#store.markActive(kids, output);
  }

  async get(kid: KeyId): Promise<StoredKey | undefined> {
    return (await this.#recordOf(kid)) && this.#store.get(kid);
  }

  async findByContentId(contentId: string, filter?: ContentFilter): Promise<StoredKey[]> {
    return this.#isOwn(contentId) ? this.#store.findByContentId(contentId, filter) : [];
  }

  /** Pages of the store without the records of others: they may be short, and even empty, before the last. */
  async list(filter: KeyFilter = {}, page: PageRequest = {}): Promise<Page<KeyRecord>> {
    return this.#ownOf(await this.#store.list(filter, page));
  }

  async revoke(kids: readonly KeyId[]): Promise<void> {
    await this.#assertOwn(kids);
    await this.#store.revoke(kids);
  }

  async replacePolicy(kid: KeyId, policy: Policy, replaces?: number): Promise<KeyRecord> {
    await this.#assertOwn([kid]);
    return this.#store.replacePolicy(kid, policy, replaces);
  }

  async rewrap(): Promise<number> {
    throw outside(this.#prefix);
  }

  async pruneAudit(): Promise<number> {
    throw outside(this.#prefix);
  }

  async probe(): Promise<void> {
    await this.#store.probe();
  }

  /** As `list`. */
  async audit(filter: AuditFilter = {}, page: PageRequest = {}): Promise<Page<AuditEntry>> {
    return this.#ownOf(await this.#store.audit(filter, page));
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #isOwn(contentId: string | undefined): boolean {
    return contentId?.startsWith(this.#prefix) ?? false;
  }

  #ownOf<T extends { readonly contentId?: string }>({ items, ...rest }: Page<T>): Page<T> {
    return { ...rest, items: items.filter(({ contentId }) => this.#isOwn(contentId)) };
  }

  async #recordOf(kid: KeyId): Promise<KeyRecord | undefined> {
    return (await this.list({ kid })).items[0];
  }

  async #assertOwn(kids: readonly KeyId[]): Promise<void> {
    for (const kid of kids) if (!(await this.#recordOf(kid))) throw keyNotFound(kid);
  }
}

function outside(prefix: string): Problem {
  return new Problem(
    403,
    'FORBIDDEN',
    `this token is for contents whose ids begin with ${JSON.stringify(prefix)}`,
    'Use a content id that begins so, or another token.',
  );
}

function keyOfOthers(kid: KeyId): Problem {
  return new Problem(
    409,
    'KEY_CONFLICT',
    `KID ${kid} is registered for a content that this token is not for`,
    'Take a new KID.',
  );
}
