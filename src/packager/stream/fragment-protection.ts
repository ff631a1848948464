import type { Direction } from '../../cenc/aes.js';
import { createSampleCipher, type SampleCipher } from '../../cenc/sample-cipher.js';
import { isSamePattern, SCHEMES } from '../../cenc/scheme.js';
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
  readonly #ciphers: KnownCipher[] = [];

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

  async #cipher(
    { scheme, pattern }: SampleProtection,
    kid: string,
    direction: Direction,
  ): Promise<SampleCipher> {
    for (const known of this.#ciphers) {
      const isSame = known.direction === direction && known.kid === kid && known.scheme === scheme;
      if (isSame && isSamePattern(known.pattern, pattern)) return known.cipher;
    }
    const key = this.keyOf(kid).revealBytes();
    const cipher = await createSampleCipher(SCHEMES[scheme], pattern, key, direction);
    this.#ciphers.push({ kid, direction, scheme, pattern, cipher });
    return cipher;
  }
}

interface KnownCipher extends SampleProtection {
  readonly kid: string;
  readonly direction: Direction;
  readonly cipher: SampleCipher;
}
