import { fromBase64 } from '../../bytes/hex.js';
import { PrpackError } from '../../errors.js';
import { escapeText } from './canonical.js';
import { playReadyChecksum } from './checksum.js';
import { canonicalCustomAttributes } from './custom-attributes.js';
import { uuidToGuidBase64 } from './guid.js';
import {
  type AlgId,
  chooseVersion,
  HEADER_VERSIONS,
  type HeaderKidEntry,
  type HeaderVersion,
} from './header-versions.js';
import { PLAYREADY_HEADER_NS } from './xml.js';

/** Recommended size of a header, in bytes of UTF-16 (PlayReady Header Specification, notes for each version). */
export const RECOMMENDED_HEADER_BYTES = 1024;

export interface PlayReadyHeaderKey {
  /** KID, UUID text. */
  readonly kid: string;
  readonly algId: AlgId;
  /** Content key of 16 bytes, for the checksum alone. */
  readonly key?: Uint8Array;
}

export interface PlayReadyHeaderOptions {
  readonly keys: readonly PlayReadyHeaderKey[];
  /** Default `auto`: the lowest version that can say what must be said, so that the most clients read it. */
  readonly version?: 'auto' | HeaderVersion;
  /** License acquisition URL, absolute, http or https. */
  readonly laUrl?: string;
  /** URL of the page for non-silent license acquisition, absolute, http or https. */
  readonly luiUrl?: string;
  /** Domain service id: base64 of a GUID. */
  readonly dsId?: string;
  /** XML fragment for the inside of CUSTOMATTRIBUTES. */
  readonly customAttributes?: string;
  /** `on-demand`: clients shall not expect the whole license chain before media flows. */
  readonly decryptorSetup?: 'on-demand';
  /** Write CHECKSUM for each AESCTR key that is given. Default true. */
  readonly checksum?: boolean;
}

export interface BuiltPlayReadyHeader {
  /** The version chosen, as the header writes it: `4.0.0.0` to `4.3.0.0`. */
  readonly version: string;
  /** WRMHEADER XML, canonical, on one line. */
  readonly xml: string;
  readonly warnings: readonly string[];
}

/**
 * Builds the WRMHEADER XML (PlayReady Header Specification, 3). Order of DATA: protection, LA_URL, LUI_URL, DS_ID,
 * CUSTOMATTRIBUTES, DECRYPTORSETUP.
 * @throws PrpackError INVALID_ARGUMENT for a version that cannot carry the content, a URL that is not absolute, and
 * other options that no header can carry; KEY_INVALID for a key that has not 16 bytes
 */
export function buildPlayReadyHeader(options: PlayReadyHeaderOptions): BuiltPlayReadyHeader {
  const version = chooseVersion(options.version ?? 'auto', {
    algIds: options.keys.map((key) => key.algId),
    onDemand: options.decryptorSetup === 'on-demand',
  });
  const rules = HEADER_VERSIONS[version];
  const entries = options.keys.map((key) => kidEntry(key, options.checksum ?? true));
  const data = [
    rules.writeProtection(entries),
    options.laUrl !== undefined && textElement('LA_URL', absoluteUrl('LA_URL', options.laUrl)),
    options.luiUrl !== undefined && textElement('LUI_URL', absoluteUrl('LUI_URL', options.luiUrl)),
    options.dsId !== undefined && textElement('DS_ID', domainServiceId(options.dsId)),
    options.customAttributes !== undefined &&
      `<CUSTOMATTRIBUTES>${canonicalCustomAttributes(options.customAttributes)}</CUSTOMATTRIBUTES>`,
    options.decryptorSetup === 'on-demand' && textElement('DECRYPTORSETUP', 'ONDEMAND'),
  ];
  const xml = wrmHeader(rules.text, data.filter((part) => part !== false).join(''));
  return { version: rules.text, xml, warnings: warningsOf(version, xml, entries) };
}

function wrmHeader(version: string, data: string): string {
  return `<WRMHEADER xmlns="${PLAYREADY_HEADER_NS}" version="${version}"><DATA>${data}</DATA></WRMHEADER>`;
}

/** AESCBC keys have no CHECKSUM (PlayReady Header Specification, 5). */
function kidEntry({ kid, algId, key }: PlayReadyHeaderKey, withChecksum: boolean): HeaderKidEntry {
  const value = uuidToGuidBase64(kid);
  if (!(withChecksum && key && algId === 'AESCTR')) return { value, algId };
  return { value, algId, checksum: playReadyChecksum(kid, key) };
}

function warningsOf(version: HeaderVersion, xml: string, entries: readonly HeaderKidEntry[]): string[] {
  const warnings: string[] = [];
  const sizeBytes = xml.length * 2;
  if (sizeBytes > RECOMMENDED_HEADER_BYTES) {
    warnings.push(
      `The PlayReady header has ${sizeBytes} bytes; Microsoft recommends at most ${RECOMMENDED_HEADER_BYTES}, and some clients may not read more.`,
    );
  }
  if (version === '4.0' && entries.some((entry) => !entry.checksum)) {
    warnings.push(
      'The PlayReady header 4.0 has no CHECKSUM: servers and clients of PlayReady 1.2 and before refuse it.',
    );
  }
  if (entries.some((entry) => entry.algId === 'AESCBC')) {
    warnings.push(
      'PlayReady license servers of an SDK before 4.4 refuse keys for AES-CBC to Windows clients of security level 2000, and those before 4.0 cannot read the header 4.3.',
    );
  }
  return warnings;
}

function textElement(name: string, text: string): string {
  return `<${name}>${escapeText(text)}</${name}>`;
}

/**
 * URLs are ASCII (RFC 3986), absolute, and name a host. They are written as given. The error does not repeat the URL:
 * the query of a test server's URL can carry a content key.
 */
function absoluteUrl(element: string, url: string): string {
  if (/^https?:\/\/[^/?#]/i.test(url) && /^[\x21-\x7e]+$/.test(url) && URL.canParse(url)) return url;
  throw new PrpackError('INVALID_ARGUMENT', `${element} is not an absolute http or https URL`, {
    expected: 'a URL such as https://drm.example.com/rightsmanager.asmx',
    clause: 'PlayReady Header Specification 3.3.3',
    remedy:
      'Give the whole URL with https:// and host; percent-encode spaces and characters that are not ASCII.',
  });
}

function domainServiceId(dsId: string): string {
  if (fromBase64(dsId)?.length === 16) return dsId;
  throw new PrpackError('INVALID_ARGUMENT', 'DS_ID is not base64 of 16 bytes', {
    expected: 'base64 of a GUID, 24 characters',
    received: dsId,
    clause: 'PlayReady Header Specification 3.3.3',
    remedy: 'Give the service id of the domain server in base64, as the server writes it.',
  });
}
