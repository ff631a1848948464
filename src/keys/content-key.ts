import { randomBytes, timingSafeEqual } from 'node:crypto';
import { fromHex, toHex } from '../bytes/hex.js';
import { PrpackError } from '../errors.js';
import { Secret } from './secret.js';

/** Bytes of a content key: AES-128, the only cipher of Common Encryption (ISO/IEC 23001-7 9.1). */
export const CONTENT_KEY_SIZE_BYTES = 16;

/**
 * A content key that keeps itself closed: it prints `[redacted]` wherever an object is turned into text, a structured
 * clone of it is empty, and only the `reveal…` methods open it, so that every opening is found by searching for that word.
 */
export class ContentKey extends Secret {
  readonly #bytes: Uint8Array;

  private constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  /**
   * The key written as 32 hexadecimal digits.
   * @throws PrpackError KEY_INVALID, which does not repeat the text
   */
  static fromHex(text: string): ContentKey {
    const bytes = fromHex(text);
    if (bytes?.length !== CONTENT_KEY_SIZE_BYTES) {
      throw invalidKey('32 hexadecimal digits', `${text.length} characters`);
    }
    return new ContentKey(bytes);
  }

  /**
   * The key in 16 bytes, which are copied.
   * @throws PrpackError KEY_INVALID, which does not repeat the bytes
   */
  static fromBytes(bytes: Uint8Array): ContentKey {
    if (bytes.length !== CONTENT_KEY_SIZE_BYTES) {
      throw invalidKey(`${CONTENT_KEY_SIZE_BYTES} bytes`, `${bytes.length} bytes`);
    }
    return new ContentKey(new Uint8Array(bytes));
  }

  /** A new key from the system's cryptographic random source. */
  static random(): ContentKey {
    return new ContentKey(new Uint8Array(randomBytes(CONTENT_KEY_SIZE_BYTES)));
  }

  /** A copy of the 16 bytes: for ciphers and key wrapping only. */
  revealBytes(): Uint8Array {
    return new Uint8Array(this.#bytes);
  }

  /** 32 lower-case hexadecimal digits: for key files that the user asked for only. */
  revealHex(): string {
    return toHex(this.#bytes);
  }

  /** Whether both are the same key, in time that does not depend on where they differ. */
  equals(other: ContentKey): boolean {
    return timingSafeEqual(this.#bytes, other.#bytes);
  }
}

function invalidKey(expected: string, received: string): PrpackError {
  return new PrpackError('KEY_INVALID', 'the content key has the wrong form', {
    expected,
    received,
    remedy: 'Give a 16-byte AES key as 32 hexadecimal digits, without prefix, dashes or spaces.',
  });
}
