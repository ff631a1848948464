import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { PrivateKey } from '../../bytes/platform.js';
import { PrpackError } from '../../errors.js';
import { named as nameOfOption } from '../../settings/spelling.js';
import { readPrivateText, readSecretText } from '../file.js';
import type { HttpClient, HttpResponse } from '../http/client.js';
import { assertSuccess } from '../http/failure.js';
import { bodyText } from '../http/text.js';
import type { CpixDocument } from './document.js';
import { type CpixReadOptions, readCpix } from './reader.js';

/**
 * Reads a CPIX document from a file.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, else as `readCpix`, naming the file
 */
export async function readCpixFile(path: string, options: CpixReadOptions = {}): Promise<CpixDocument> {
  const text = await readSecretText(path, 'CPIX document');
  return named(path, () => readCpix(text, options));
}

/**
 * Gets a CPIX document from a server.
 * @throws PrpackError KEY_SOURCE_FAILED, else as `readCpix`, naming the server
 */
export async function fetchCpix(
  url: string,
  client: HttpClient,
  options: CpixReadOptions = {},
): Promise<CpixDocument> {
  return readCpixAnswer(
    await client.request({ method: 'GET', url, headers: { accept: 'application/xml' } }),
    options,
  );
}

/** The document in an answer. */
export function readCpixAnswer(response: HttpResponse, options: CpixReadOptions): CpixDocument {
  const text = bodyText(assertSuccess(response, nameOfOption('cpixAuth')));
  return named(response.url, () => readCpix(text, options));
}

/** Says in an error which document it is about. */
function named(name: string, read: () => CpixDocument): CpixDocument {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof PrpackError)) throw error;
    throw new PrpackError(error.code, `${name}: ${error.message}`, error.details);
  }
}

/**
 * The RSA private key of a recipient, in PEM.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, KEY_INVALID also when others can use the file
 */
export async function readCpixPrivateKey(path: string): Promise<PrivateKey> {
  const text = await readPrivateText(path, 'private key for CPIX documents');
  try {
    const key = createPrivateKey(text);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The cause is left out: it is about the text of a secret.
  }
  throw new PrpackError('KEY_INVALID', `${path}: this is not an RSA private key in PEM, without passphrase`, {
    path,
    remedy: 'Convert it: openssl pkcs8 -topk8 -nocrypt -in key.pem -out clear.pem.',
  });
}

/**
 * The certificate (DER) of a recipient, from a file in PEM.
 * @throws PrpackError KEY_SOURCE_FAILED when it cannot be read, KEY_INVALID
 */
export async function readCpixCertificate(path: string): Promise<Uint8Array> {
  const text = await readSecretText(path, 'certificate');
  try {
    return new Uint8Array(new X509Certificate(text).raw);
  } catch {
    throw new PrpackError('KEY_INVALID', `${path}: this is not an X.509 certificate in PEM`, {
      path,
      remedy: 'Give the certificate as PEM, with its BEGIN CERTIFICATE line.',
    });
  }
}
