import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PrpackError } from '../../errors.js';

/**
 * The private key in a PEM file.
 * @throws PrpackError KEY_SOURCE_FAILED, KEY_INVALID, neither of which repeats the file
 */
export async function readPrivateKey(flag: string, path: string): Promise<KeyObject> {
  const pem = await readPem(flag, path);
  try {
    return createPrivateKey(pem);
  } catch {
    throw new PrpackError('KEY_INVALID', `${flag}: ${path} holds no private key that can be read`, {
      path,
      expected: 'a private key in PEM, without a passphrase',
      remedy: 'Take a passphrase off with `openssl pkey -in … -out …`, into a file that only you can read.',
    });
  }
}

/**
 * The X.509 certificate in a PEM file, in DER.
 * @throws PrpackError KEY_SOURCE_FAILED, KEY_INVALID
 */
export async function readCertificate(flag: string, path: string): Promise<Uint8Array> {
  const pem = await readPem(flag, path);
  try {
    return new Uint8Array(new X509Certificate(pem).raw);
  } catch {
    throw new PrpackError('KEY_INVALID', `${flag}: ${path} holds no X.509 certificate`, {
      path,
      expected: 'a certificate in PEM',
      remedy: 'Give the certificate of the recipient, which begins with -----BEGIN CERTIFICATE-----.',
    });
  }
}

async function readPem(flag: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `${flag}: the file ${path} cannot be read (${code})`,
      { path, remedy: 'Check that the file exists and that this user may read it.' },
      error,
    );
  }
}
