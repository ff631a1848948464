import { X509Certificate } from 'node:crypto';
import { PrpackError } from '../../errors.js';
import { readPrivateText, readSecretText } from '../file.js';

/** Files in PEM. */
export interface TlsFiles {
  /** Certificates of the authorities that are trusted, instead of those that Node.js trusts. */
  readonly authorities?: string;
  /** Certificate of this client, with those of its issuers behind it, and its private key: both or neither. */
  readonly certificate?: string;
  readonly privateKey?: string;
}

/** What a TLS connection is opened with. */
export interface TlsSettings {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Reads certificates and private key, and tries them together.
 * @throws PrpackError KEY_SOURCE_FAILED, INVALID_ARGUMENT, KEY_INVALID when others can use the private key
 */
export async function readTlsFiles({ authorities, certificate, privateKey }: TlsFiles): Promise<TlsSettings> {
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new PrpackError('INVALID_ARGUMENT', 'a client certificate and its private key belong together', {
      remedy: 'Give the files of both, or of neither.',
    });
  }
  const [ca, cert, key] = await Promise.all([
    authorities === undefined ? undefined : readSecretText(authorities, 'file of certificate authorities'),
    certificate === undefined ? undefined : readSecretText(certificate, 'client certificate'),
    privateKey === undefined ? undefined : readPrivateText(privateKey, 'private key of the client'),
  ]);
  const settings = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const { createSecureContext } = await import('node:tls');
  try {
    if (ca) new X509Certificate(ca); // a context without any would be made in silence
    createSecureContext(settings);
  } catch (error) {
    const paths = [authorities, certificate, privateKey].filter((path) => path !== undefined).join(', ');
    const { code } = error as NodeJS.ErrnoException;
    throw new PrpackError(
      'KEY_SOURCE_FAILED',
      `these files cannot be used for TLS: ${paths} (${code ?? 'invalid'})`,
      {
        remedy:
          'Give PEM files: certificates, and the private key of the client certificate without a passphrase.',
      },
    );
  }
  return settings;
}
