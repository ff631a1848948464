import { createRequire } from 'node:module';
import type { Element, Node } from '@xmldom/xmldom';
import type { PrpackError } from '../errors.js';

/**
 * Makes the error for XML that is not well-formed: the caller knows whose XML it is. Reason and cause may quote the XML: where it can
 * hold keys, leave them out.
 */
export type XmlFault = (reason: string, cause?: unknown) => PrpackError;

const require = createRequire(import.meta.url);

/** A code point outside the production Char (XML 1.0, 2.2), lone surrogates included. */
const FORBIDDEN_CHARACTER = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u;

/** Sections in which an ampersand is only an ampersand. */
const VERBATIM_SECTIONS = /<!\[CDATA\[[\s\S]*?\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>/g;

/** Deepest nesting that is taken; documents read here need about 10 levels, and each costs its readers a stack frame. */
const MAX_DEPTH = 100;

const ELEMENT_NODE = 1;

const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([\da-fA-F]{1,6}));|&/g;

/**
 * The root element of a well-formed document without a document type, its nodes nested at most 100 deep. The
 * parser is loaded at the first call, and anything it only warns of is an error here.
 */
export function parseXml(text: string, fault: XmlFault): Element {
  if (FORBIDDEN_CHARACTER.test(text)) throw fault('it has a character that XML does not allow');
  const { DOMParser } = require('@xmldom/xmldom') as typeof import('@xmldom/xmldom');
  let complaint: Error | undefined; // the parser throws an error of its own, which says ours twice
  const parser = new DOMParser({
    locator: false,
    normalizeLineEndings: (source) => source.replace(/\r\n?/g, '\n'),
    onError: (_level, message) => {
      complaint = new Error(message);
      throw complaint;
    },
  });
  try {
    const document = parser.parseFromString(text, 'text/xml');
    if (document.doctype) throw new Error('it has a document type declaration');
    const root = document.documentElement!;
    if (isDeeperThan(root, MAX_DEPTH)) throw new Error(`its nodes are nested more than ${MAX_DEPTH} deep`);
    checkReferences(text);
    return root;
  } catch (error) {
    throw fault(reasonOf(complaint ?? error), error);
  }
}

/**
 * The parser takes a bare ampersand and references to forbidden characters; XML 1.0 (4.1) does not. Only for text that
 * was parsed: its sections are closed, so that finding them takes linear time.
 */
function checkReferences(text: string): void {
  for (const match of text.replace(VERBATIM_SECTIONS, '').matchAll(REFERENCE)) {
    const [reference, name, decimal, hex] = match;
    if (name) continue;
    const codePoint = decimal ? Number(decimal) : Number.parseInt(hex ?? '0', 16);
    if (
      codePoint === 0 ||
      codePoint > 0x10ffff ||
      FORBIDDEN_CHARACTER.test(String.fromCodePoint(codePoint))
    ) {
      throw new Error(`"${reference}" is not a reference to a character or a predefined entity`);
    }
  }
}

/** Walks without recursion: it is what makes recursion safe. */
function isDeeperThan(root: Node, maxDepth: number): boolean {
  let depth = 1;
  let node: Node = root;
  while (true) {
    if (node.firstChild) {
      node = node.firstChild;
      if (++depth > maxDepth) return true;
      continue;
    }
    while (node !== root && !node.nextSibling) {
      node = node.parentNode!;
      depth--;
    }
    if (node === root) return false;
    node = node.nextSibling!;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 200) : 'it cannot be parsed';
}

/** Child elements in document order, of one local name where it is given, whatever their namespace is. */
export function childElements(parent: Element, localName?: string): Element[] {
  const found: Element[] = [];
  for (let child = parent.firstChild; child; child = child.nextSibling) {
    const isElement = child.nodeType === ELEMENT_NODE;
    if (isElement && (!localName || child.localName === localName)) found.push(child as Element);
  }
  return found;
}

/** The text of an element and all inside it, without white space around it. */
export function textOf(element: Element): string {
  return (element.textContent ?? '').trim();
}

/** A text as it stands between tags or inside a quoted attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
