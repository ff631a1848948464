import type { AssignedKey } from '../keys/key-source.js';
import { assertKeysOutIsFree, discardKeysOut, writeKeysOut } from '../keys/keys-out.js';
import type { PublicationOptions, WrittenOutput } from './publication.js';
import { confirmPublication, registerKeys } from './registration.js';

/** The keys that a job has used so far, and where it keeps them: in a key store, in a file, in both, or nowhere. */
export class KeyLedger {
  readonly #options: PublicationOptions;
  #keys: AssignedKey[] = [];

  constructor(options: PublicationOptions) {
    this.#options = options;
  }

  /** In the order in which they came. */
  get keys(): readonly AssignedKey[] {
    return this.#keys;
  }

  /**
   * Asked before the work begins, so that it is not done in vain.
   * @throws PrpackError OUTPUT_EXISTS
   */
  assertKeysOutIsFree(): void {
    const { keysOut } = this.#options;
    if (keysOut !== undefined) assertKeysOutIsFree(keysOut);
  }

  /**
   * Registers keys as pending, before a byte that needs them is written. Keys that were registered before are not added again.
   * @returns warnings
   * @throws as `registerKeys`
   */
  async register(
    keys: readonly AssignedKey[],
    contentId: string,
    laUrl: string | undefined,
  ): Promise<string[]> {
    const warnings = await registerKeys(this.#options, keys, contentId, laUrl);
    const isKnown = this.#keys.some(({ kid }) => kid === keys[0].kid); // of a stream whose times go back
    if (!isKnown) this.#keys.push(...keys);
    return warnings;
  }

  /** @throws PrpackError OUTPUT_EXISTS, OUTPUT_FAILED */
  async writeKeysOut(): Promise<void> {
    const { keysOut } = this.#options;
    if (keysOut !== undefined) await writeKeysOut(keysOut, this.#keys);
  }

  /** For an output that could not be published. */
  discardKeysOut(): void {
    const { keysOut } = this.#options;
    if (keysOut !== undefined) discardKeysOut(keysOut);
  }

  /** Marks the keys of published outputs active. */
  async confirm(outputs: readonly WrittenOutput[]): Promise<void> {
    const { keyStore } = this.#options;
    if (!keyStore) return;
    for (const { keys, fingerprint } of outputs) await confirmPublication(keyStore, keys, fingerprint!);
  }
}
