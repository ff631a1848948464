import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { fromBase64, fromHex } from '../bytes/hex.js';
import { PrpackError } from '../errors.js';
import { ContentKey } from '../keys/content-key.js';
import type { KeyId } from '../keys/key-id.js';
import { Secret } from '../keys/secret.js';
import { damagedRecord } from './damaged-record.js';
import type { KeyAlgorithm } from './key-store.js';

const KEK_SIZE_BYTES = 32;
const NONCE_SIZE_BYTES = 12;
const TAG_SIZE_BYTES = 16;
/** First byte of what is stored, so that another cipher can follow one day. */
const AES_256_GCM = 1;
const FORMAT = Uint8Array.of(AES_256_GCM);

/** What a wrapped key belongs to. It is authenticated with the key, so that no record can take the key of another. */
export interface WrapContext {
  readonly kid: KeyId;
  readonly algorithm: KeyAlgorithm;
}

/**
 * A key-encryption key (KEK): content keys at rest are wrapped under it with AES-256-GCM (NIST SP 800-38D). It keeps itself
 * closed as `ContentKey` does, and never leaves this object but to be written to its file, or to be wrapped by a KEK command.
 */
export class KeyEncryptionKey extends Secret {
  /** Tells KEKs apart without revealing the KEK: 16 hexadecimal digits of a SHA-256. */
  readonly id: string;
  readonly #bytes: Uint8Array;
  readonly #wrapped: string | undefined;

  private constructor(bytes: Uint8Array, wrapped?: string) {
    super();
    this.#bytes = bytes;
    this.#wrapped = wrapped;
    this.id = createHash('sha256')
      .update('prpack key-encryption key id\0')
      .update(bytes)
      .digest('hex')
      .slice(0, 16);
  }

  /**
   * 32 bytes as 64 hexadecimal digits or base64. `name` says in errors where the text came from; the text is not repeated.
   * @throws PrpackError KEY_INVALID
   */
  static parse(text: string, name: string): KeyEncryptionKey {
    const trimmed = text.trim();
    const bytes = fromHex(trimmed) ?? fromBase64(trimmed);
    if (bytes?.length === KEK_SIZE_BYTES) return new KeyEncryptionKey(bytes);
    throw new PrpackError('KEY_INVALID', `${name}: the key-encryption key (KEK) has the wrong form`, {
      expected: '64 hexadecimal digits, or base64 of 32 bytes',
      received: `${trimmed.length} characters`,
      remedy: 'Make one with `openssl rand -hex 32`, or give the one that the key store was made with.',
    });
  }

  static random(): KeyEncryptionKey {
    return new KeyEncryptionKey(new Uint8Array(randomBytes(KEK_SIZE_BYTES)));
  }

  /** The KEK as a KEK command has wrapped it, for the store to keep; undefined when it is kept elsewhere. */
  get wrapped(): string | undefined {
    return this.#wrapped;
  }

  /** The same KEK, to be kept by the store in this form. */
  keptAs(wrapped: string): KeyEncryptionKey {
    return new KeyEncryptionKey(this.#bytes, wrapped);
  }

  /** 64 lower-case hexadecimal digits, for the KEK's own file and for a KEK command. */
  revealHex(): string {
    return Buffer.from(this.#bytes).toString('hex');
  }

  /** The key wrapped for its record: format u8 · nonce 12 bytes · ciphertext 16 bytes · tag 16 bytes. */
  wrap(key: ContentKey, context: WrapContext): Uint8Array {
    const nonce = randomBytes(NONCE_SIZE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#bytes, nonce).setAAD(this.#bound(context));
    const ciphertext = cipher.update(key.revealBytes());
    cipher.final(); // gives nothing in this mode
    return new Uint8Array(Buffer.concat([FORMAT, nonce, ciphertext, cipher.getAuthTag()]));
  }

  /**
   * The way back.
   * @throws PrpackError KEY_STORE_FAILED when the record was changed, belongs to another KID or algorithm, or to another KEK
   */
  unwrap(wrapped: Uint8Array, context: WrapContext): ContentKey {
    try {
      if (wrapped[0] !== AES_256_GCM) throw new Error(`unknown wrapping format ${wrapped[0]}`);
      return this.#open(wrapped.subarray(1), context);
    } catch (cause) {
      throw damagedRecord(
        context.kid,
        'its wrapped key does not belong to this KID and algorithm, or was changed',
        cause,
      );
    }
  }

  /** The key that nonce, ciphertext and tag hold. */
  #open(sealed: Uint8Array, context: WrapContext): ContentKey {
    const ciphertextEnd = sealed.length - TAG_SIZE_BYTES;
    const nonce = sealed.subarray(0, NONCE_SIZE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#bytes, nonce, { authTagLength: TAG_SIZE_BYTES })
      .setAAD(this.#bound(context))
      .setAuthTag(sealed.subarray(ciphertextEnd));
    const bytes = decipher.update(sealed.subarray(NONCE_SIZE_BYTES, ciphertextEnd));
    try {
      decipher.final(); // throws unless the tag is right
      return ContentKey.fromBytes(bytes);
    } finally {
      bytes.fill(0);
    }
  }

  #bound({ kid, algorithm }: WrapContext): Uint8Array {
    return Buffer.from(`prpack content key\0${kid}\0${algorithm}\0${this.id}`);
  }
}
