import type { Direction } from '../../cenc/aes.js';
import { createSampleCipher, type SampleCipher } from '../../cenc/sample-cipher.js';
import { SCHEMES } from '../../cenc/scheme.js';
import type { ContentKey } from '../../keys/content-key.js';
import type { AssignedKey } from '../../keys/key-source.js';
import type { SampleProtection } from '../execute/sample-processor.js';

/**
 * What the samples of a fragment are encrypted under. Each fragment is given one; those under the same keys share it, and with it
 * the ciphers, which cost more than a small fragment.
 */
export class FragmentProtection {
  /** One a track to encrypt. */
  readonly keys: readonly AssignedKey[];
  /** Put into each `moof`, where keys rotate. */
  readonly psshBoxes: readonly Uint8Array[];
  readonly #ciphers = new Map<string, Promise<SampleCipher>>();

  constructor(keys: readonly AssignedKey[], psshBoxes: readonly Uint8Array[] = []) {
    this.keys = keys;
    this.psshBoxes = psshBoxes;
  }

  readonly keyOf = (kid: string): ContentKey => this.keys.find((assigned) => assigned.kid === kid)!.key;

  /** The cipher that encrypts samples under a KID. */
  readonly encryption = (protection: SampleProtection, kid: string) =>
    this.#cipher(protection, kid, 'encrypt');

  /** The cipher that decrypts samples under a KID. */
  readonly decryption = (protection: SampleProtection, kid: string) =>
    this.#cipher(protection, kid, 'decrypt');

  #cipher({ scheme, pattern }: SampleProtection, kid: string, direction: Direction): Promise<SampleCipher> {
    const { cryptByteBlock, skipByteBlock } = pattern;
    const name = `${kid} ${direction} ${scheme} ${cryptByteBlock}:${skipByteBlock}`;
    const known = this.#ciphers.get(name);
    if (known) return known;
    const cipher = createSampleCipher(SCHEMES[scheme], pattern, this.keyOf(kid).revealBytes(), direction);
    this.#ciphers.set(name, cipher);
    return cipher;
  }
}
