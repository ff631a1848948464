import { PrpackError } from '../../errors.js';
import type { KeyId } from '../../keys/key-id.js';
import type {
  ContentFilter,
  KeyRegistration,
  PackagerKeyStore,
  PublishedOutput,
  RegisteredKey,
  StoredKey,
} from '../../keystore/key-store.js';

/** Keys that are registered by one call at most. */
const MAX_GROUP_KEYS = 500;

interface Waiting {
  readonly id: string | undefined;
  readonly registrations: readonly KeyRegistration[];
  readonly resolve: (registered: RegisteredKey[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A key store as many jobs see it at once: what they register while one call is under way goes into the next one together, so that
 * the store flushes once for all of them. Each job still goes on only when its own keys are acknowledged.
 */
export class Registrar implements PackagerKeyStore {
  readonly location: string;
  readonly #store: PackagerKeyStore;
  #waiting: Waiting[] = [];
  #isBusy = false;

  constructor(store: PackagerKeyStore) {
    this.#store = store;
    this.location = store.location;
  }

  /** The store for one job, with whose id its calls go out. */
  withRequestId(id: string): PackagerKeyStore {
    const store = withId(this.#store, id);
    return {
      location: this.location,
      register: (registrations) => this.register(registrations, id),
      markActive: (kids, output) => store.markActive(kids, output),
      findByContentId: (contentId, filter) => store.findByContentId(contentId, filter),
    };
  }

  register(registrations: readonly KeyRegistration[], id?: string): Promise<RegisteredKey[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, registrations, resolve, reject });
      if (this.#isBusy) return;
      this.#isBusy = true;
      setImmediate(() => void this.#work()); // whatever else has arrived by now comes along
    });
  }

  markActive(kids: readonly KeyId[], output: PublishedOutput): Promise<void> {
    return this.#store.markActive(kids, output);
  }

  findByContentId(contentId: string, filter?: ContentFilter): Promise<StoredKey[]> {
    return this.#store.findByContentId(contentId, filter);
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) await this.#registerGroup(this.#takeGroup());
    this.#isBusy = false;
  }

  #takeGroup(): Waiting[] {
    let keys = 0;
    const end = this.#waiting.findIndex(({ registrations }, i) => {
      keys += registrations.length;
      return i > 0 && keys > MAX_GROUP_KEYS;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  async #registerGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const ids = [...new Set(group.flatMap(({ id }) => id ?? []))];
      const store = withId(this.#store, ids.join(','));
      const registered = await store.register(group.flatMap(({ registrations }) => registrations));
      let at = 0;
      for (const { registrations, resolve } of group) {
        resolve(registered.slice(at, at + registrations.length));
        at += registrations.length;
      }
    } catch (error) {
      await this.#sortOut(group, error);
    }
  }

  /** A call takes all or nothing: what is wrong with the keys of one job must not stop the others. */
  async #sortOut(group: readonly Waiting[], error: unknown): Promise<void> {
    const isOfStore = error instanceof PrpackError && error.code === 'KEY_STORE_FAILED';
    if (isOfStore || group.length === 1) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const { id = '', registrations, resolve, reject } of group) {
      await withId(this.#store, id).register(registrations).then(resolve, reject);
    }
  }
}

function withId(store: PackagerKeyStore, id: string): PackagerKeyStore {
  return (id !== '' && store.withRequestId?.(id)) || store;
}
