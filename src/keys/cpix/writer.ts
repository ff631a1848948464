import { toBase64 } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import { writeCipherValue, writeDelivery } from './delivery.js';
import type { CpixContentKey, CpixDocument, CpixKeyPeriod, CpixVersion } from './document.js';
import { writeDrmSystem } from './drm-systems.js';
import { encryptContentKey, randomDeliveryKeys, wipe } from './key-encryption.js';
import { ALGORITHMS, NAMESPACES } from './names.js';
import { attributes, writeUsageRule } from './usage-rules.js';

type Secrets = ReturnType<typeof randomDeliveryKeys>;

/**
 * XML of a CPIX document. Where the document has recipients, its keys are encrypted to all of them; else they are clear.
 * @throws PrpackError KEY_INVALID when a recipient is no RSA certificate, or a rule has filters that were not understood
 */
export function writeCpix(document: CpixDocument, version: CpixVersion): string {
  const isEncrypted = document.recipients.length > 0 && document.contentKeys.some(({ key }) => key);
  const secrets = isEncrypted ? randomDeliveryKeys() : undefined;
  try {
    const lists = [
      list(
        'DeliveryDataList',
        document.recipients.map((certificate) => writeDelivery(certificate, secrets, version)),
      ),
      list(
        'ContentKeyList',
        document.contentKeys.map((key) => writeContentKey(key, secrets, version)),
      ),
      list(
        'DRMSystemList',
        document.drmSystems.map((system) => writeDrmSystem(system, version)),
      ),
      list(
        'ContentKeyPeriodList',
        document.keyPeriods.map((period) => writeKeyPeriod(period, version)),
      ),
      list('ContentKeyUsageRuleList', usageRulesOf(document)),
    ];
    return `<?xml version="1.0" encoding="UTF-8"?>\n<cpix:CPIX${rootAttributes(document, version)}>${lists.join('')}</cpix:CPIX>\n`;
  } finally {
    if (secrets) wipe(secrets);
  }
}

/** `@contentId` came with 2.1 and `@version` with 2.3. */
function rootAttributes({ id, contentId }: CpixDocument, version: CpixVersion): string {
  const namespaces = Object.fromEntries(
    Object.entries(NAMESPACES).map(([prefix, uri]) => [`xmlns:${prefix}`, uri]),
  );
  const identity = version < '2.1' ? { id: id ?? contentId } : { id, contentId };
  return attributes({ ...namespaces, ...identity, version: version < '2.3' ? undefined : version });
}

function list(name: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `<cpix:${name}>${items.join('')}</cpix:${name}>`;
}

/** `@commonEncryptionScheme` came with 2.3. */
function writeContentKey(
  contentKey: CpixContentKey,
  secrets: Secrets | undefined,
  version: CpixVersion,
): string {
  const { kid, key, explicitIv, commonEncryptionScheme, dependsOnKey } = contentKey;
  const head = attributes({
    kid,
    explicitIV: explicitIv && toBase64(explicitIv),
    dependsOnKey,
    commonEncryptionScheme: version < '2.3' ? undefined : commonEncryptionScheme,
  });
  if (!key) return `<cpix:ContentKey${head}/>`;
  const secret = secrets ? encryptedSecret(contentKey, secrets) : plainSecret(contentKey);
  return `<cpix:ContentKey${head}><cpix:Data><pskc:Secret>${secret}</pskc:Secret></cpix:Data></cpix:ContentKey>`;
}

function plainSecret({ key }: CpixContentKey): string {
  return `<pskc:PlainValue>${toBase64(key!.revealBytes())}</pskc:PlainValue>`;
}

function encryptedSecret({ key }: CpixContentKey, secrets: Secrets): string {
  const { cipherValue, mac } = encryptContentKey(key!, secrets);
  const encrypted = writeCipherValue(cipherValue, ALGORITHMS.contentKey);
  return `<pskc:EncryptedValue>${encrypted}</pskc:EncryptedValue><pskc:ValueMAC>${toBase64(mac)}</pskc:ValueMAC>`;
}

/** `@startOffset` and `@endOffset` came with 2.4. */
function writeKeyPeriod({ id, index, start, end, ...offsets }: CpixKeyPeriod, version: CpixVersion): string {
  const { startOffset, endOffset } = version < '2.4' ? {} : offsets;
  return `<cpix:ContentKeyPeriod${attributes({ id, index, start, end, startOffset, endOffset })}/>`;
}

function usageRulesOf({ usageRules }: CpixDocument): string[] {
  const unknown = usageRules.find(({ unknownFilters }) => unknownFilters.length > 0);
  if (unknown) {
    throw new PrpackError(
      'KEY_INVALID',
      `the usage rule of KID ${unknown.kid} has filters that prpack cannot write`,
      {
        received: unknown.unknownFilters.join(', '),
        remedy: 'Remove these filters from the rule.',
      },
    );
  }
  return usageRules.map(writeUsageRule);
}
