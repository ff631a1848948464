import { type CipherGCM, createCipheriv, randomBytes } from 'node:crypto';

const KEY_BYTES = 16;
/** A key is for fingerprints alone and stands open in them: there is nothing that another nonce would protect. */
const NONCE = new Uint8Array(12);

/**
 * Fingerprint of bytes that come one part after the other: a GMAC (NIST SP 800-38D 3; AES-128, nonce of 12 zeros), written behind its key.
 * A fingerprint and a file are all it takes to see whether the file is the same. A change by accident goes unseen once in 2^96 times, or
 * less; a file with the fingerprint of another can be made on purpose (docs/adr/0018-fingerprints.md).
 */
export class Fingerprint {
  readonly #key: string;
  readonly #mac: CipherGCM;

  /** @param key 32 hexadecimal digits */
  constructor(key: string) {
    this.#key = key;
    this.#mac = createCipheriv('aes-128-gcm', Buffer.from(key, 'hex'), NONCE);
  }

  /** The bytes may be reused when this returns. */
  update(bytes: Uint8Array): void {
    this.#mac.setAAD(bytes);
  }

  /** Key and tag: 64 hexadecimal digits, lower case. Ends the work. */
  digest(): string {
    this.#mac.final();
    return this.#key + this.#mac.getAuthTag().toString('hex');
  }
}

/** A random key for fingerprints: 32 hexadecimal digits. */
export function newFingerprintKey(): string {
  return randomBytes(KEY_BYTES).toString('hex');
}

/** Whether a value is a key for fingerprints: 32 hexadecimal digits, lower case. */
export function isFingerprintKey(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

/** The key that a fingerprint begins with; undefined where the text is something else. */
export function keyOfFingerprint(text: string): string | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 2 * KEY_BYTES) : undefined;
}
