import { childElements, parseXml } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';
import { canonicalContent } from './canonical.js';
import { PLAYREADY_HEADER_NS } from './xml.js';

/** Largest content of CUSTOMATTRIBUTES in bytes of UTF-16 (PlayReady Header Specification, 6). */
export const MAX_CUSTOM_ATTRIBUTES_BYTES = 1024;

const LEADING_DECLARATION = /^\uFEFF?\s*(?:<\?xml\s[^>]*\?>\s*)?/;

/**
 * The content of CUSTOMATTRIBUTES, checked to be well-formed and made canonical. A byte order mark and an XML
 * declaration in front, as editors leave them in files, are dropped.
 * @throws PrpackError INVALID_ARGUMENT for XML that is not well-formed, empty, or over 1 KB
 */
export function canonicalCustomAttributes(fragment: string): string {
  const content = fragment.replace(LEADING_DECLARATION, '').trim();
  const element = parseXml(
    `<CUSTOMATTRIBUTES xmlns="${PLAYREADY_HEADER_NS}">${content}</CUSTOMATTRIBUTES>`,
    refused,
  );
  if (childElements(element, 'CUSTOMATTRIBUTES').length > 0) {
    throw refused('it repeats the element CUSTOMATTRIBUTES, which prpack writes itself');
  }
  const xml = canonicalContent(element, new Map([['', PLAYREADY_HEADER_NS]]));
  if (xml === '') throw refused('it is empty');
  const sizeBytes = xml.length * 2;
  if (sizeBytes > MAX_CUSTOM_ATTRIBUTES_BYTES) {
    throw refused(`it has ${sizeBytes} bytes in UTF-16, and ${MAX_CUSTOM_ATTRIBUTES_BYTES} are the limit`);
  }
  return xml;
}

function refused(reason: string, cause?: unknown): PrpackError {
  return new PrpackError(
    'INVALID_ARGUMENT',
    `the custom attributes cannot go into the PlayReady header: ${reason}`,
    {
      clause: 'PlayReady Header Specification 6',
      remedy: 'Give a well-formed XML fragment of at most 1 KB: what shall stand inside CUSTOMATTRIBUTES.',
    },
    cause,
  );
}
