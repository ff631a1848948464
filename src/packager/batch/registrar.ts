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

  register(registrations: readonly KeyRegistration[]): Promise<RegisteredKey[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ registrations, resolve, reject });
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
      const registered = await this.#store.register(group.flatMap(({ registrations }) => registrations));
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
    for (const { registrations, resolve, reject } of group) {
      await this.#store.register(registrations).then(resolve, reject);
    }
  }
}
