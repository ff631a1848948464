import { childElements, parseXml, type XmlElement } from '../../bytes/xml.js';
import { canonicalContent, hasOwnText, type NamespaceScope, startTag } from './canonical.js';
import { HEADER_LIMITS, headerFault } from './header-reader.js';

/**
 * Header XML for people: an element a line, two spaces a level, elements without child elements on one line.
 * Not for machines: blank text between elements is lost.
 * @throws PrpackError MALFORMED_INPUT when the text is not well-formed XML
 */
export function prettyPlayReadyHeader(xml: string): string {
  return prettyLines(parseXml(xml, headerFault, HEADER_LIMITS), new Map(), 0).join('\n');
}

function prettyLines(element: XmlElement, scope: NamespaceScope, depth: number): string[] {
  const indent = '  '.repeat(depth);
  const { tag, inner } = startTag(element, scope);
  const children = childElements(element);
  // Mixed content stays on one line: line breaks would change it.
  if (children.length === 0 || hasOwnText(element)) {
    return [`${indent}${tag}${canonicalContent(element, inner).trim()}</${element.name}>`];
  }
  return [
    `${indent}${tag}`,
    ...children.flatMap((child) => prettyLines(child, inner, depth + 1)),
    `${indent}</${element.name}>`,
  ];
}
