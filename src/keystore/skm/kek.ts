import { createHash } from 'node:crypto';
import { aeskw } from '@noble/ciphers/aes.js';
import { fromBase64, fromHex, toHex } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import { ContentKey } from '../../keys/content-key.js';
import { Secret } from '../../keys/secret.js';

const SIZES_BYTES: readonly number[] = [16, 24, 32];

/**
 * The key-encryption key (KEK) that packager and license server have agreed on, while the SKM server does not know it. It wraps content
 * keys with AES Key Wrap (RFC 3394), keeps itself closed as `ContentKey` does, and never leaves this object.
 */
export class SkmKek extends Secret {
  /**
   * Tells KEKs apart without revealing the KEK: `#1.` and the first 32 hexadecimal digits of SHA-1("KEKID_1" + KEK in
   * hexadecimal).
   */
  readonly id: string;
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
    this.id = `#1.${createHash('sha1')
      .update(`KEKID_1${toHex(bytes)}`)
      .digest('hex')
      .slice(0, 32)}`;
  }

  /**
   * 16, 24 or 32 bytes in hexadecimal digits or base64. `name` says in errors where the text came from; the text is not repeated.
   * @throws PrpackError KEY_INVALID
   */
  static parse(text: string, name: string): SkmKek {
    const trimmed = text.trim();
    const bytes = fromHex(trimmed) ?? fromBase64(trimmed);
    if (bytes && SIZES_BYTES.includes(bytes.length)) return new SkmKek(bytes);
    throw new PrpackError('KEY_INVALID', `${name}: the key-encryption key (KEK) has the wrong form`, {
      expected: '32, 48 or 64 hexadecimal digits, or base64 of 16, 24 or 32 bytes',
      received: `${trimmed.length} characters`,
      remedy: 'Give the KEK that was agreed on with the license server that reads the SKM server.',
    });
  }

  /** The key wrapped: 24 bytes, always the same ones for the same key (RFC 3394 2.2.1). */
  wrap(key: ContentKey): Uint8Array {
    return aeskw(this.#bytes).encrypt(key.revealBytes());
  }

  /** The way back; undefined when the key was wrapped under another KEK or changed (RFC 3394 2.2.3). */
  unwrap(wrapped: Uint8Array): ContentKey | undefined {
    try {
      return ContentKey.fromBytes(aeskw(this.#bytes).decrypt(wrapped));
    } catch {
      return undefined;
    }
  }
}
