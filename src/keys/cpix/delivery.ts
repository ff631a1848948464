import type { KeyObject } from 'node:crypto';
import { toBase64 } from '../../bytes/hex.js';
import { attributeOf, childElements, type XmlElement } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';
import { named } from '../../settings/spelling.js';
import type { CpixVersion } from './document.js';
import { base64Content, child, children, descendant } from './elements.js';
import { cpixFault } from './faults.js';
import {
  type DeliveryKeys,
  DOCUMENT_KEY_BYTES,
  readCertificate,
  unwrapForRecipient,
  wipe,
  wrapForRecipient,
} from './key-encryption.js';
import { ALGORITHMS, NAMESPACES } from './names.js';

const { cpix, pskc, enc, ds } = NAMESPACES;

/** The certificate (DER) that a DeliveryData is for. */
export function recipientOf(deliveryData: XmlElement): Uint8Array {
  const certificate = descendant(
    deliveryData,
    [cpix, 'DeliveryKey'],
    [ds, 'X509Data'],
    [ds, 'X509Certificate'],
  );
  if (certificate) return base64Content(certificate);
  throw cpixFault('a DeliveryData names no X.509 certificate');
}

/** The keys of one delivery, opened: the document key of each content key, and the MAC key of all. */
export class OpenedDelivery {
  readonly #keys: readonly {
    readonly encrypts: readonly string[] | undefined;
    readonly keys: DeliveryKeys;
  }[];

  /** @throws PrpackError KEY_INVALID when the private key does not open it */
  constructor(deliveryData: XmlElement, privateKey: KeyObject) {
    const macKey = openMacKey(deliveryData, privateKey);
    const documentKeys = children(deliveryData, cpix, 'DocumentKey');
    if (documentKeys.length === 0) throw cpixFault('the DeliveryData has no DocumentKey');
    this.#keys = documentKeys.map((element) => ({
      encrypts: attributeOf(element, 'encryptsKey')?.trim().toLowerCase().split(/\s+/),
      keys: { documentKey: openDocumentKey(element, privateKey), macKey },
    }));
  }

  /** "If there is only one DocumentKey element [...] the Document Key encrypts all Content Keys" (CPIX 2.4, DocumentKey). */
  keysFor(kid: string): DeliveryKeys {
    const [only] = this.#keys;
    const found = this.#keys.find(({ encrypts }) => encrypts?.includes(kid));
    if (found) return found.keys;
    if (this.#keys.length === 1 && !only.encrypts) return only.keys;
    throw cpixFault(`no DocumentKey encrypts the key of KID ${kid}`);
  }

  wipe(): void {
    for (const { keys } of this.#keys) wipe(keys);
  }
}

/**
 * Opens the delivery that is for the owner of the private key.
 * @throws PrpackError KEY_REQUIRED without private key, KEY_INVALID when none is for it
 */
export function openDelivery(
  deliveries: readonly XmlElement[],
  privateKey: KeyObject | undefined,
): OpenedDelivery {
  if (deliveries.length === 0) throw cpixFault('it has encrypted keys but no DeliveryData');
  const certificates = deliveries.map((delivery) => readCertificate(recipientOf(delivery)));
  const recipients = certificates
    .map(({ subject }) => subject.replace(/\s+/g, ' '))
    .join('; ')
    .slice(0, 200);
  if (!privateKey) {
    throw new PrpackError('KEY_REQUIRED', 'the keys of the CPIX document are encrypted', {
      expected: `the private key of a recipient: ${recipients}`,
      remedy: `Give the private key of one of its recipients with ${named('cpixPrivateKey')}.`,
    });
  }
  const index = certificates.findIndex((certificate) => certificate.checkPrivateKey(privateKey));
  if (index >= 0) return new OpenedDelivery(deliveries[index], privateKey);
  throw cpixFault('it is not encrypted to the certificate of this private key', {
    expected: `the private key of ${recipients}`,
    remedy:
      'Give the private key of one of its recipients, or have the document encrypted to your certificate.',
  });
}

function openDocumentKey(element: XmlElement, privateKey: KeyObject): Uint8Array {
  const data = childElements(element, 'Data')[0];
  const encrypted = data && descendant(data, [pskc, 'Secret'], [pskc, 'EncryptedValue']);
  if (!encrypted) throw cpixFault('the document key is not encrypted');
  const wrapped = cipherValueOf(encrypted, ALGORITHMS.keyTransport, 'document key');
  const key = unwrapForRecipient(wrapped, privateKey, 'document key');
  if (key.length === DOCUMENT_KEY_BYTES) return key;
  throw cpixFault('the document key has the wrong size', {
    expected: `${DOCUMENT_KEY_BYTES} bytes`,
    received: `${key.length} bytes`,
  });
}

/** `Key` in the namespace of CPIX is what documents have; `MACKey` is what the type that CPIX builds on says (RFC 6030, MACMethodType). */
function openMacKey(deliveryData: XmlElement, privateKey: KeyObject): Uint8Array | undefined {
  const method = child(deliveryData, cpix, 'MACMethod');
  if (!method) return undefined;
  if (attributeOf(method, 'Algorithm') !== ALGORITHMS.mac) {
    throw cpixFault('its MAC algorithm is not HMAC-SHA512', { clause: 'CPIX 2.4 "Mandatory Algorithms"' });
  }
  const key = child(method, cpix, 'Key') ?? child(method, pskc, 'MACKey');
  if (!key) throw cpixFault('its MACMethod has no key');
  return unwrapForRecipient(cipherValueOf(key, ALGORITHMS.keyTransport, 'MAC key'), privateKey, 'MAC key');
}

/** The CipherValue of an EncryptedDataType, which must be encrypted by the one algorithm that CPIX allows there. */
export function cipherValueOf(encrypted: XmlElement, algorithm: string, what: string): Uint8Array {
  const method = child(encrypted, enc, 'EncryptionMethod');
  if (method) assertAlgorithm(method, algorithm, what);
  const value = descendant(encrypted, [enc, 'CipherData'], [enc, 'CipherValue']);
  if (value) return base64Content(value);
  throw cpixFault(`the encrypted ${what} has no CipherValue`);
}

function assertAlgorithm(method: XmlElement, algorithm: string, what: string): void {
  const digest = childElements(method, 'DigestMethod')[0];
  const isSha1 = !digest || attributeOf(digest, 'Algorithm') === `${ds}sha1`;
  if (attributeOf(method, 'Algorithm') === algorithm && isSha1) return;
  throw cpixFault(`the ${what} is encrypted by another algorithm than CPIX allows`, {
    expected: algorithm,
    clause: 'CPIX 2.4 "Mandatory Algorithms"',
  });
}

/** XML of one DeliveryData; without keys it only names the recipient, as a request does. */
export function writeDelivery(
  certificate: Uint8Array,
  keys: { readonly documentKey: Uint8Array; readonly macKey: Uint8Array } | undefined,
  version: CpixVersion,
): string {
  readCertificate(certificate);
  const recipient =
    `<cpix:DeliveryKey><ds:X509Data><ds:X509Certificate>${toBase64(certificate)}` +
    '</ds:X509Certificate></ds:X509Data></cpix:DeliveryKey>';
  const secrets = keys ? writeSecrets(certificate, keys, version) : '';
  return `<cpix:DeliveryData>${recipient}${secrets}</cpix:DeliveryData>`;
}

function writeSecrets(
  certificate: Uint8Array,
  { documentKey, macKey }: { readonly documentKey: Uint8Array; readonly macKey: Uint8Array },
  version: CpixVersion,
): string {
  const wrapped = (secret: Uint8Array) =>
    writeCipherValue(wrapForRecipient(secret, certificate), ALGORITHMS.keyTransport);
  // The attribute is gone since 2.4.
  const algorithm = version < '2.4' ? ` Algorithm="${ALGORITHMS.contentKey}"` : '';
  return (
    `<cpix:DocumentKey${algorithm}><cpix:Data><pskc:Secret><pskc:EncryptedValue>${wrapped(documentKey)}` +
    '</pskc:EncryptedValue></pskc:Secret></cpix:Data></cpix:DocumentKey>' +
    `<cpix:MACMethod Algorithm="${ALGORITHMS.mac}"><cpix:Key>${wrapped(macKey)}</cpix:Key></cpix:MACMethod>`
  );
}

/** The children of an EncryptedDataType. */
export function writeCipherValue(cipherValue: Uint8Array, algorithm: string): string {
  return (
    `<enc:EncryptionMethod Algorithm="${algorithm}"/>` +
    `<enc:CipherData><enc:CipherValue>${toBase64(cipherValue)}</enc:CipherValue></enc:CipherData>`
  );
}
