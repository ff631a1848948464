import type { SampleCipher } from '../../cenc/sample-cipher.js';

/** The ciphers of one track. */
export interface TrackCiphers {
  /**
   * The cipher of the samples under a key; undefined when they are not to be touched.
   * @param keyNumber 0 for clear samples, 1 for the first key
   */
  of(keyNumber: number): SampleCipher | undefined;
  /** Carries out all work put off. */
  flush(): void;
}

/** Ciphers that are there already, one a key. */
export class KnownCiphers implements TrackCiphers {
  readonly #ciphers: readonly SampleCipher[];

  constructor(ciphers: readonly SampleCipher[]) {
    this.#ciphers = ciphers;
  }

  of(keyNumber: number): SampleCipher | undefined {
    return this.#ciphers[keyNumber - 1];
  }

  flush(): void {
    for (const cipher of this.#ciphers) cipher.flush();
  }
}

/** Samples come in order, and crypto periods one after the other. */
const MOST_KEPT = 4;

/**
 * Ciphers that are made when they are needed, of which few are kept: a track of many crypto periods has thousands of keys, and what a
 * cipher puts off takes memory.
 */
export class PassingCiphers implements TrackCiphers {
  readonly #keys: readonly (Uint8Array | undefined)[];
  readonly #make: (key: Uint8Array) => SampleCipher;
  /** By key number, the oldest first. */
  readonly #kept = new Map<number, SampleCipher>();
  #lastNumber = 0;
  #last: SampleCipher | undefined;

  /** @param keys one a key number; undefined when samples under it are not to be touched */
  constructor(keys: readonly (Uint8Array | undefined)[], make: (key: Uint8Array) => SampleCipher) {
    this.#keys = keys;
    this.#make = make;
  }

  of(keyNumber: number): SampleCipher | undefined {
    if (keyNumber !== this.#lastNumber) {
      this.#last = this.#kept.get(keyNumber) ?? this.#add(keyNumber);
      this.#lastNumber = keyNumber;
    }
    return this.#last;
  }

  flush(): void {
    for (const cipher of this.#kept.values()) cipher.flush();
  }

  #add(keyNumber: number): SampleCipher | undefined {
    const key = this.#keys[keyNumber - 1];
    if (!key) return undefined;
    if (this.#kept.size === MOST_KEPT) this.#dropOldest();
    const cipher = this.#make(key);
    this.#kept.set(keyNumber, cipher);
    return cipher;
  }

  #dropOldest(): void {
    const [[keyNumber, cipher]] = this.#kept;
    cipher.flush();
    this.#kept.delete(keyNumber);
  }
}
