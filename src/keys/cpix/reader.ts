import type { KeyObject } from 'node:crypto';
import type { PrivateKey } from '../../bytes/platform.js';
import {
  attributeOf,
  childElements,
  parseXml,
  textOf,
  type XmlElement,
  type XmlLimits,
} from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';
import { checkOptions } from '../../settings/check.js';
import { ContentKey } from '../content-key.js';
import type { KeyId } from '../key-id.js';
import { cipherValueOf, type OpenedDelivery, openDelivery, recipientOf } from './delivery.js';
import type { CpixContentKey, CpixDocument, CpixKeyPeriod } from './document.js';
import { readDrmSystem } from './drm-systems.js';
import {
  base64Content,
  base64Text,
  child,
  children,
  descendant,
  integerAttribute,
  keyIdAttribute,
  present,
  requiredKeyId,
} from './elements.js';
import { cpixFault } from './faults.js';
import { decryptContentKey } from './key-encryption.js';
import { ALGORITHMS, NAMESPACES } from './names.js';
import { readUsageRule } from './usage-rules.js';

/**
 * Longer documents are refused before they are parsed, which takes up to 150 bytes of memory for each character. Hundreds of keys with
 * signalling for several systems fit, and twenty thousand without.
 */
export const MAX_CPIX_CHARACTERS = 4 * 1024 * 1024;

const EXPLICIT_IV_BYTES = 16;

const { cpix, pskc } = NAMESPACES;

export interface CpixReadOptions {
  /** RSA private key of a recipient, for documents whose keys are encrypted. */
  readonly privateKey?: PrivateKey;
  /** For documents of strangers. */
  readonly limits?: Partial<XmlLimits>;
}

/**
 * Reads a CPIX document of any version from 2.0 to 2.4 and opens its keys. XML that is not well-formed, that declares a document
 * type (and so any entity), or that is too long is refused. Errors never repeat what stands in the document.
 * @throws PrpackError KEY_INVALID, or KEY_REQUIRED when its keys are encrypted and no private key is given
 */
export function readCpix(xml: string, options: CpixReadOptions = {}): CpixDocument {
  checkOptions('readCpix', options);
  const { privateKey, limits } = options;
  if (xml.length > MAX_CPIX_CHARACTERS) {
    throw cpixFault('it is too long', { expected: `at most ${MAX_CPIX_CHARACTERS}`, received: xml.length });
  }
  const root = parseXml(
    xml,
    () =>
      cpixFault('it is not well-formed XML without a document type declaration, or has too many elements'),
    limits,
  );
  if (root.localName !== 'CPIX' || root.namespace !== cpix) {
    throw cpixFault(`its root element is not CPIX of ${cpix}`);
  }
  const deliveries = listed(root, 'DeliveryDataList', 'DeliveryData');
  return {
    ...present({
      version: attributeOf(root, 'version'),
      id: attributeOf(root, 'id'),
      contentId: attributeOf(root, 'contentId'),
    }),
    recipients: deliveries.map(recipientOf),
    contentKeys: readContentKeys(listed(root, 'ContentKeyList', 'ContentKey'), deliveries, privateKey),
    drmSystems: listed(root, 'DRMSystemList', 'DRMSystem').map(readDrmSystem),
    keyPeriods: listed(root, 'ContentKeyPeriodList', 'ContentKeyPeriod').map(readKeyPeriod),
    usageRules: listed(root, 'ContentKeyUsageRuleList', 'ContentKeyUsageRule').map(readUsageRule),
  };
}

function listed(root: XmlElement, list: string, item: string): XmlElement[] {
  const found = child(root, cpix, list);
  return found ? children(found, cpix, item) : [];
}

function readContentKeys(
  elements: readonly XmlElement[],
  deliveries: readonly XmlElement[],
  privateKey: PrivateKey | undefined,
): CpixContentKey[] {
  const isEncrypted = elements.some((element) => valuesOf(element).encrypted);
  const delivery = isEncrypted ? openDelivery(deliveries, privateKey as KeyObject | undefined) : undefined;
  try {
    const keys = elements.map((element) => readContentKey(element, delivery));
    assertDistinct(keys);
    return keys;
  } finally {
    delivery?.wipe();
  }
}

function readContentKey(element: XmlElement, delivery: OpenedDelivery | undefined): CpixContentKey {
  const kid = requiredKeyId(element, 'kid');
  const explicitIv = attributeOf(element, 'explicitIV');
  return {
    kid,
    ...present({
      key: readKeyValue(element, kid, delivery),
      explicitIv: explicitIv === undefined ? undefined : readExplicitIv(explicitIv),
      commonEncryptionScheme: attributeOf(element, 'commonEncryptionScheme'),
      dependsOnKey: keyIdAttribute(element, 'dependsOnKey'),
    }),
  };
}

/** `Data` has the namespace of CPIX in most documents, and that of PSKC by the schema of some versions. */
function valuesOf(contentKey: XmlElement): {
  secret?: XmlElement;
  plain?: XmlElement;
  encrypted?: XmlElement;
} {
  const data = childElements(contentKey, 'Data')[0];
  const secret = data && child(data, pskc, 'Secret');
  if (!secret) return {};
  return {
    secret,
    ...present({
      plain: child(secret, pskc, 'PlainValue'),
      encrypted: child(secret, pskc, 'EncryptedValue'),
    }),
  };
}

function readKeyValue(
  element: XmlElement,
  kid: KeyId,
  delivery: OpenedDelivery | undefined,
): ContentKey | undefined {
  const { secret, plain, encrypted } = valuesOf(element);
  if (plain && encrypted) throw cpixFault(`KID ${kid} has both a plain and an encrypted key`);
  if (encrypted) {
    const cipherValue = cipherValueOf(encrypted, ALGORITHMS.contentKey, `key of KID ${kid}`);
    const mac = descendant(secret!, [pskc, 'ValueMAC']);
    return decryptContentKey(cipherValue, mac && base64Content(mac), delivery!.keysFor(kid), kid);
  }
  return plain && textOf(plain) !== '' ? readPlainKey(plain, kid) : undefined;
}

function readPlainKey(plain: XmlElement, kid: KeyId): ContentKey {
  try {
    return ContentKey.fromBytes(base64Content(plain));
  } catch (error) {
    if (error instanceof PrpackError) throw cpixFault(`the key of KID ${kid} is not base64 of 16 bytes`);
    throw error;
  }
}

function readExplicitIv(text: string): Uint8Array | undefined {
  if (text.trim() === '') return undefined; // a request for one
  const iv = base64Text(text, 'ContentKey@explicitIV');
  if (iv.length === EXPLICIT_IV_BYTES) return iv;
  throw cpixFault('ContentKey@explicitIV has the wrong size', {
    expected: `${EXPLICIT_IV_BYTES} bytes`,
    received: `${iv.length} bytes`,
  });
}

function assertDistinct(keys: readonly CpixContentKey[]): void {
  const seen = new Set<KeyId>();
  for (const { kid } of keys) {
    if (seen.has(kid)) throw cpixFault(`it lists KID ${kid} more than once`);
    seen.add(kid);
  }
}

function readKeyPeriod(period: XmlElement): CpixKeyPeriod {
  return present({
    id: attributeOf(period, 'id'),
    index: integerAttribute(period, 'index'),
    start: attributeOf(period, 'start'),
    end: attributeOf(period, 'end'),
    startOffset: attributeOf(period, 'startOffset'),
    endOffset: attributeOf(period, 'endOffset'),
  });
}
