import { isElement, XMLNS, type XmlAttribute, type XmlElement } from '../../bytes/xml.js';

/** Namespace URI by prefix; '' is the default namespace. */
export type NamespaceScope = ReadonlyMap<string, string>;

/**
 * What stands between the tags of an element as Canonical XML 1.1 without comments: explicit closing tags,
 * namespaces first, attributes in order, character data escaped (PlayReady Header Specification, 3.2).
 */
export function canonicalContent(parent: XmlElement, scope: NamespaceScope): string {
  let xml = '';
  for (const child of parent.children) {
    if (typeof child === 'string') {
      xml += escapeText(child);
    } else if (isElement(child)) {
      const { tag, inner } = startTag(child, scope);
      xml += `${tag}${canonicalContent(child, inner)}</${child.name}>`;
    } else {
      xml += `<?${child.target}${child.body && ` ${child.body}`}?>`;
    }
  }
  return xml;
}

/** Canonical start tag of an element, and the namespaces in scope inside it. */
export function startTag(element: XmlElement, scope: NamespaceScope): { tag: string; inner: NamespaceScope } {
  const inner = new Map(scope);
  const namespaces: XmlAttribute[] = [];
  const attributes: XmlAttribute[] = [];
  for (const attribute of element.attributes) {
    if (attribute.namespace !== XMLNS) {
      attributes.push(attribute);
    } else if ((scope.get(prefixOf(attribute)) ?? '') !== attribute.value) {
      inner.set(prefixOf(attribute), attribute.value);
      namespaces.push(attribute);
    }
  }
  namespaces.sort((a, b) => compare(prefixOf(a), prefixOf(b)));
  attributes.sort((a, b) => compare(a.namespace, b.namespace) || compare(a.localName, b.localName));
  const written = [...namespaces, ...attributes].map(
    ({ name, value }) => ` ${name}="${escapeAttribute(value)}"`,
  );
  return { tag: `<${element.name}${written.join('')}>`, inner };
}

/** Whether character data other than white space stands directly between the tags. */
export function hasOwnText(parent: XmlElement): boolean {
  return parent.children.some((child) => typeof child === 'string' && child.trim() !== '');
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

/** Prefix that a namespace attribute declares: '' for `xmlns`. */
function prefixOf({ name, localName }: XmlAttribute): string {
  return name === 'xmlns' ? '' : localName;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
