import { createCipheriv, createHash } from 'node:crypto';
import { fromBase64, fromHex } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import { readPrivateText } from '../file.js';
import { Secret } from '../secret.js';

const KEY_SIZES_BYTES: readonly number[] = [16, 32];
const IV_SIZE_BYTES = 16;

/** The AES key and IV that a signer proves itself with to a Widevine key server. It keeps itself closed, and cannot be opened at all. */
export class WidevineSigningKey extends Secret {
  readonly #key: Uint8Array;
  readonly #iv: Uint8Array;

  private constructor(key: Uint8Array, iv: Uint8Array) {
    super();
    this.#key = key;
    this.#iv = iv;
  }

  /**
   * Key and IV, each as hexadecimal digits or base64, with white space, a comma or a colon between them. `origin` says in errors where the
   * text came from; the text is not repeated.
   * @throws PrpackError KEY_INVALID
   */
  static parse(text: string, origin = 'Widevine signing key'): WidevineSigningKey {
    const parts = text.trim().split(/[\s,:]+/);
    const [key, iv] = [bytesOf(parts[0], KEY_SIZES_BYTES), bytesOf(parts[1] ?? '', [IV_SIZE_BYTES])];
    if (key && iv && parts.length === 2) return new WidevineSigningKey(key, iv);
    throw new PrpackError('KEY_INVALID', `${origin}: the Widevine signing key has the wrong form`, {
      expected: 'an AES key of 16 or 32 bytes and an IV of 16 bytes, each as hexadecimal digits or base64',
      received: `${parts.length} ${parts.length === 1 ? 'word' : 'words'}`,
      remedy:
        'Write the key on one line and the IV on the next, as the operator of the key server gave them.',
    });
  }

  /** Signature of a request: its SHA-1, encrypted with AES-CBC and padding of PKCS #7 ("Common Encryption API for Widevine DRM", signature). */
  sign(request: Uint8Array): Uint8Array {
    const cipher = createCipheriv(
      this.#key.length === 16 ? 'aes-128-cbc' : 'aes-256-cbc',
      this.#key,
      this.#iv,
    );
    return Buffer.concat([cipher.update(createHash('sha1').update(request).digest()), cipher.final()]);
  }
}

function bytesOf(text: string, sizesBytes: readonly number[]): Uint8Array | undefined {
  return [fromHex(text), fromBase64(text)].find((bytes) => bytes && sizesBytes.includes(bytes.length));
}

/**
 * Reads a signing key from a file that holds nothing else.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, KEY_INVALID also when others can use the file
 */
export async function readWidevineSigningKey(path: string): Promise<WidevineSigningKey> {
  return WidevineSigningKey.parse(await readPrivateText(path, 'Widevine signing key file'), path);
}

/**
 * The signing key in an environment variable; undefined when it is not set or empty.
 * @throws PrpackError KEY_INVALID
 */
export function environmentWidevineSigningKey(
  variable: string,
  environment: Readonly<Record<string, string | undefined>>,
): WidevineSigningKey | undefined {
  const text = environment[variable];
  return text ? WidevineSigningKey.parse(text, variable) : undefined;
}
