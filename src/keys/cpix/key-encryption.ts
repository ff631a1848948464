import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHmac,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto';
import { ContentKey } from '../content-key.js';
import { cpixFault } from './faults.js';

/** AES-256. */
export const DOCUMENT_KEY_BYTES = 32;
/** As long as the digest of HMAC-SHA512 (RFC 2104, 3). */
const MAC_KEY_BYTES = 64;
const IV_BYTES = 16;
/** IV, and a 16-byte key with its PKCS #7 padding. */
const CIPHER_VALUE_BYTES = IV_BYTES + 32;

/** What encrypts and authenticates content keys. The owner wipes it. */
export interface DeliveryKeys {
  readonly documentKey: Uint8Array;
  readonly macKey?: Uint8Array | undefined;
}

export function randomDeliveryKeys(): Required<DeliveryKeys> & { macKey: Uint8Array } {
  return { documentKey: randomBytes(DOCUMENT_KEY_BYTES), macKey: randomBytes(MAC_KEY_BYTES) };
}

export function wipe({ documentKey, macKey }: DeliveryKeys): void {
  documentKey.fill(0);
  macKey?.fill(0);
}

/** Document key or MAC key, under the public key of a certificate (RSA-OAEP, MGF1, SHA-1). */
export function wrapForRecipient(secret: Uint8Array, certificate: Uint8Array): Uint8Array {
  const { publicKey } = readCertificate(certificate);
  return publicEncrypt(
    { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    secret,
  );
}

/** @throws PrpackError KEY_INVALID, without saying why: nobody who guesses is to learn from it */
export function unwrapForRecipient(wrapped: Uint8Array, privateKey: KeyObject, what: string): Uint8Array {
  try {
    return privateDecrypt(
      { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      wrapped,
    );
  } catch {
    throw cpixFault(`the ${what} cannot be decrypted with this private key`, {
      remedy:
        'Check that the document was encrypted to the certificate of this private key, by RSA-OAEP with SHA-1.',
    });
  }
}

/**
 * An X.509 certificate with an RSA key.
 * @throws PrpackError KEY_INVALID
 */
export function readCertificate(der: Uint8Array): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw cpixFault('a recipient is not an X.509 certificate');
  }
  if (certificate.publicKey.asymmetricKeyType === 'rsa') return certificate;
  throw cpixFault('the certificate of a recipient has no RSA key', {
    expected: 'rsa',
    received: certificate.publicKey.asymmetricKeyType ?? 'unknown',
  });
}

/** A content key as CipherValue, IV in front, and its MAC. */
export function encryptContentKey(
  key: ContentKey,
  { documentKey, macKey }: Required<DeliveryKeys> & { macKey: Uint8Array },
): { cipherValue: Uint8Array; mac: Uint8Array } {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-cbc', documentKey, iv);
  const cipherValue = Buffer.concat([iv, cipher.update(key.revealBytes()), cipher.final()]);
  return { cipherValue, mac: macOf(cipherValue, macKey) };
}

/**
 * Opens a CipherValue. Where there is a MAC key, the MAC is verified first: nothing is decrypted before it has been found right.
 * @throws PrpackError KEY_INVALID
 */
export function decryptContentKey(
  cipherValue: Uint8Array,
  mac: Uint8Array | undefined,
  { documentKey, macKey }: DeliveryKeys,
  kid: string,
): ContentKey {
  verifyMac(cipherValue, mac, macKey, kid);
  if (cipherValue.length !== CIPHER_VALUE_BYTES) {
    throw cpixFault(`the encrypted key of KID ${kid} has the wrong size`, {
      expected: `${CIPHER_VALUE_BYTES} bytes`,
      received: `${cipherValue.length} bytes`,
    });
  }
  try {
    const decipher = createDecipheriv('aes-256-cbc', documentKey, cipherValue.subarray(0, IV_BYTES));
    const clear = Buffer.concat([decipher.update(cipherValue.subarray(IV_BYTES)), decipher.final()]);
    const key = ContentKey.fromBytes(clear);
    clear.fill(0);
    return key;
  } catch {
    throw cpixFault(`the key of KID ${kid} cannot be decrypted with the document key`);
  }
}

/** "it shall be verified before attempting to decrypt any encrypted Content Key" (CPIX 2.4, "Authenticated Encryption"). */
function verifyMac(
  cipherValue: Uint8Array,
  mac: Uint8Array | undefined,
  macKey: Uint8Array | undefined,
  kid: string,
): void {
  if (!mac && !macKey) return;
  if (!mac) throw cpixFault(`the key of KID ${kid} has no ValueMAC, though the document has a MAC key`);
  if (!macKey) throw cpixFault(`the key of KID ${kid} has a ValueMAC, but the document has no MAC key`);
  const expected = macOf(cipherValue, macKey);
  if (expected.length === mac.length && timingSafeEqual(expected, mac)) return;
  throw cpixFault(`the MAC of the key of KID ${kid} is wrong`, {
    remedy: 'The document was changed or damaged on its way: get it again from the one who issued it.',
  });
}

function macOf(cipherValue: Uint8Array, macKey: Uint8Array): Uint8Array {
  return createHmac('sha512', macKey).update(cipherValue).digest();
}
