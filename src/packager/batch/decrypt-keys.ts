import type { KeyLookup } from '../../keys/key-source.js';
import { openKeyLookup } from '../key-lookup.js';
import type { BatchOptions, BatchSettings } from './types.js';

/** The keys of encrypted inputs: each source that a job names is opened once, when the first job needs it. */
export class DecryptKeys {
  readonly #open: (source: string) => Promise<KeyLookup>;
  readonly #opened = new Map<string, Promise<KeyLookup>>();

  constructor({ openDecryptKeys, keyStore }: Pick<BatchOptions, 'openDecryptKeys' | 'keyStore'>) {
    this.#open = openDecryptKeys ?? ((source) => openKeyLookup(source, keyStore && { keyStore }));
  }

  /** @throws PrpackError as `openKeyLookup` */
  async of({ decryptKeys: source }: BatchSettings): Promise<KeyLookup | undefined> {
    if (source === undefined) return undefined;
    const opened = this.#opened.get(source) ?? this.#open(source);
    this.#opened.set(source, opened);
    return opened;
  }
}
