import type { Attr, Element, Node } from '@xmldom/xmldom';

const XMLNS = 'http://www.w3.org/2000/xmlns/';
const NODE_TYPE = { element: 1, text: 3, cdata: 4, processingInstruction: 7 } as const;

/** Namespace URI by prefix; '' is the default namespace. */
export type NamespaceScope = ReadonlyMap<string, string>;

/**
 * What stands between the tags of an element as Canonical XML 1.1 without comments: explicit closing tags,
 * namespaces first, attributes in order, character data escaped (PlayReady Header Specification, 3.2).
 */
export function canonicalContent(parent: Element, scope: NamespaceScope): string {
  let xml = '';
  for (const child of childNodes(parent)) {
    if (isElement(child)) {
      const { tag, inner } = startTag(child, scope);
      xml += `${tag}${canonicalContent(child, inner)}</${child.nodeName}>`;
    } else if (isCharacterData(child)) {
      xml += escapeText(child.nodeValue!);
    } else if (child.nodeType === NODE_TYPE.processingInstruction) {
      xml += `<?${child.nodeName}${child.nodeValue ? ` ${child.nodeValue}` : ''}?>`;
    }
  }
  return xml;
}

/** Canonical start tag of an element, and the namespaces in scope inside it. */
export function startTag(element: Element, scope: NamespaceScope): { tag: string; inner: NamespaceScope } {
  const inner = new Map(scope);
  const namespaces: Attr[] = [];
  const attributes: Attr[] = [];
  for (let i = 0; i < element.attributes.length; i++) {
    const attribute = element.attributes.item(i)!;
    if (attribute.namespaceURI !== XMLNS) {
      attributes.push(attribute);
    } else if ((scope.get(prefixOf(attribute)) ?? '') !== attribute.value) {
      inner.set(prefixOf(attribute), attribute.value);
      namespaces.push(attribute);
    }
  }
  namespaces.sort((a, b) => compare(prefixOf(a), prefixOf(b)));
  attributes.sort(
    (a, b) => compare(a.namespaceURI ?? '', b.namespaceURI ?? '') || compare(a.localName!, b.localName!),
  );
  const written = [...namespaces, ...attributes].map(
    ({ name, value }) => ` ${name}="${escapeAttribute(value)}"`,
  );
  return { tag: `<${element.nodeName}${written.join('')}>`, inner };
}

/** Child nodes in document order. */
function* childNodes(parent: Node): Generator<Node> {
  for (let child = parent.firstChild; child; child = child.nextSibling) yield child;
}

/** Whether character data other than white space stands directly between the tags. */
export function hasOwnText(parent: Element): boolean {
  return [...childNodes(parent)].some((child) => isCharacterData(child) && child.nodeValue!.trim() !== '');
}

/** Character data, escaped for text (Canonical XML 1.1, 2.3 "Text Nodes"). */
export function escapeText(text: string): string {
  return text.replace(/[&<>\r]/g, (c) => TEXT_ESCAPES[c]!);
}

function escapeAttribute(value: string): string {
  return value.replace(/[&<"\t\n\r]/g, (c) => ATTRIBUTE_ESCAPES[c]!);
}

const TEXT_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
};

/** Canonical XML 1.1, 2.3 "Attribute Nodes". */
const ATTRIBUTE_ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

function isElement(node: Node): node is Element {
  return node.nodeType === NODE_TYPE.element;
}

function isCharacterData(node: Node): boolean {
  return node.nodeType === NODE_TYPE.text || node.nodeType === NODE_TYPE.cdata;
}

/** Prefix that a namespace attribute declares: '' for `xmlns`. */
function prefixOf(namespace: Attr): string {
  return namespace.prefix ? namespace.localName! : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
