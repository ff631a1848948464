import { attributeOf, childElements, parseXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';
import { canonicalContent } from './canonical.js';
import { guidBase64ToUuid } from './guid.js';

/** A KID that a header lists. */
export interface PlayReadyHeaderKid {
  /** UUID text. */
  readonly kid: string;
  readonly algId?: string;
  /** base64, as in the header. */
  readonly checksum?: string;
}

/** What a WRMHEADER of any version says. */
export interface PlayReadyHeader {
  /** The version attribute, such as `4.2.0.0`. */
  readonly version: string;
  readonly keys: readonly PlayReadyHeaderKid[];
  readonly laUrl?: string;
  readonly luiUrl?: string;
  readonly dsId?: string;
  /** What stands inside CUSTOMATTRIBUTES, as canonical XML. */
  readonly customAttributes?: string;
  /** `ONDEMAND` where it is set. */
  readonly decryptorSetup?: string;
  /** The XML as it stands in the header. */
  readonly xml: string;
}

/** A header of 15 KB (PlayReady Header Specification 2) has no room for more; longer ones in foreign files are read, too. */
export const HEADER_LIMITS = { elements: 10_000, attributes: 10_000 };

/**
 * Reads the value of a header record: UTF-16LE text. A byte order mark, an XML declaration, NULs at the end,
 * unknown elements and any order are let pass; elements are found by local name.
 * @throws PrpackError MALFORMED_INPUT when the text is not UTF-16, not well-formed XML or not a WRMHEADER
 */
export function readPlayReadyHeader(bytes: Uint8Array): PlayReadyHeader {
  return readPlayReadyHeaderXml(decodeUtf16(bytes));
}

/**
 * Reads WRMHEADER XML that is text already.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readPlayReadyHeaderXml(xml: string): PlayReadyHeader {
  const root = parseXml(xml, headerFault, HEADER_LIMITS);
  if (root.localName !== 'WRMHEADER') throw headerFault(`its root element is ${root.name}, not WRMHEADER`);
  const version = attributeOf(root, 'version');
  if (!version) throw headerFault('WRMHEADER has no version');
  const data = childElements(root, 'DATA')[0];
  return { version, keys: data ? readKeys(data) : [], ...(data && readTexts(data)), xml };
}

/** The error for a header that cannot be read. */
export function headerFault(reason: string, cause?: unknown): PrpackError {
  return new PrpackError(
    'MALFORMED_INPUT',
    `PlayReady header: ${reason}`,
    {
      clause: 'PlayReady Header Specification 3',
      remedy: 'The header was not written by the rules; package the content again, or ask who packaged it.',
    },
    cause,
  );
}

/** 4.0 has KID and CHECKSUM in DATA and ALGID in PROTECTINFO; 4.1 PROTECTINFO/KID; 4.2 on PROTECTINFO/KIDS/KID. */
function readKeys(data: XmlElement): PlayReadyHeaderKid[] {
  const protectInfo = childElements(data, 'PROTECTINFO')[0];
  const direct = childElements(data, 'KID').map((kid) =>
    headerKid(textOf(kid), protectInfo && childText(protectInfo, 'ALGID'), childText(data, 'CHECKSUM')),
  );
  if (!protectInfo) return direct;
  const parents = [protectInfo, ...childElements(protectInfo, 'KIDS')];
  const listed = parents.flatMap((parent) => childElements(parent, 'KID'));
  return [
    ...direct,
    ...listed.map((kid) =>
      headerKid(attributeOf(kid, 'VALUE') ?? '', attributeOf(kid, 'ALGID'), attributeOf(kid, 'CHECKSUM')),
    ),
  ];
}

function headerKid(value: string, algId?: string, checksum?: string): PlayReadyHeaderKid {
  const kid = guidBase64ToUuid(value.trim());
  if (!kid) throw headerFault('a KID is not base64 of 16 bytes');
  return { kid, ...(algId && { algId }), ...(checksum && { checksum }) };
}

function readTexts(data: XmlElement): Partial<PlayReadyHeader> {
  const laUrl = childText(data, 'LA_URL');
  const luiUrl = childText(data, 'LUI_URL');
  const dsId = childText(data, 'DS_ID');
  const decryptorSetup = childText(data, 'DECRYPTORSETUP');
  const custom = childElements(data, 'CUSTOMATTRIBUTES')[0];
  const scope = new Map([['', custom?.namespace ?? '']]);
  const customAttributes = custom && canonicalContent(custom, scope).trim();
  return {
    ...(laUrl && { laUrl }),
    ...(luiUrl && { luiUrl }),
    ...(dsId && { dsId }),
    ...(customAttributes && { customAttributes }),
    ...(decryptorSetup && { decryptorSetup }),
  };
}

function childText(parent: XmlElement, localName: string): string | undefined {
  const child = childElements(parent, localName)[0];
  return child && textOf(child);
}

function decodeUtf16(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-16le', { fatal: true }).decode(bytes);
    let end = text.length;
    while (text[end - 1] === '\0') end--;
    return text.slice(0, end);
  } catch (error) {
    throw headerFault('it is not UTF-16 text', error);
  }
}
