import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { PrpackError } from '../errors.js';
import { readPrivateText } from '../keys/file.js';
import type { TlsOptions } from './app.js';

/** Files in PEM that a server speaks TLS with. */
export interface ServerTlsFiles {
  /** Certificate of the server, with those of its issuers behind it. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Issuers of client certificates. */
  readonly clientAuthorities?: string;
}

/**
 * Reads certificates and private key of a server, and tries them together.
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE, KEY_SOURCE_FAILED, KEY_INVALID when others can use the private key or when they do not
 *   belong together
 */
export async function readServerTls(files: ServerTlsFiles): Promise<TlsOptions> {
  const { certificate, privateKey, clientAuthorities } = files;
  const tls = {
    cert: await readPem(certificate),
    key: await readPrivateText(privateKey, 'private key of the server'),
    ...(clientAuthorities !== undefined && { clientCa: await readPem(clientAuthorities) }),
  };
  try {
    if (tls.clientCa !== undefined) new X509Certificate(tls.clientCa); // a context without any would be made in silence
    createSecureContext({ cert: tls.cert, key: tls.key, ...(tls.clientCa && { ca: tls.clientCa }) });
  } catch (error) {
    throw unusable(files, error as NodeJS.ErrnoException);
  }
  return tls;
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      code === 'ENOENT' ? 'INPUT_NOT_FOUND' : 'INPUT_UNREADABLE',
      `the file ${path} cannot be read (${code})`,
      { path, remedy: 'Check that the file exists and that this user may read it.' },
      error,
    );
  }
}

/** The cause is left out: it may be about the text of a secret. */
function unusable(files: ServerTlsFiles, { code }: NodeJS.ErrnoException): PrpackError {
  return new PrpackError(
    'KEY_INVALID',
    `these files cannot be used for TLS together: ${Object.values(files).join(', ')} (${code ?? 'invalid'})`,
    {
      remedy:
        'Give PEM files: the certificate of the server first, its own private key without a passphrase, and certificates of the authorities.',
    },
  );
}
