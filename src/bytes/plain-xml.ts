import type { XmlAttribute, XmlElement, XmlLimits, XmlNode } from './xml.js';

/** The namespace of namespace declarations. */
export const XMLNS = 'http://www.w3.org/2000/xmlns/';
/** The namespaces that must not be declared (Namespaces in XML 1.0, 3). */
const RESERVED = [XMLNS, 'http://www.w3.org/XML/1998/namespace'];

/** Longer documents gain nothing by a second way to read them. */
const MAX_LENGTH = 65_536;

/** A tag: slash of a closing one, name, attributes, slash of an empty element. */
const TAG = /<(\/?)([A-Za-z][\w.-]*)((?: [A-Za-z][\w.-]*="[ -!#-%'-;=-~]*")*)(\/?)>/y;
const ATTRIBUTE = / ([^=]+)="([^"]*)"/g;
/** Character data. */
const TEXT = /[ -%'-;=?-~]+/y;

/**
 * The tree of a short document as programs write it, PlayReady headers above all: printable ASCII without references, prefixes, comments, and
 * white space that does not matter. It is the same that the parser makes, which need not be loaded for it.
 * @returns undefined for everything else, and for what is not well-formed or beyond a limit
 */
export function readPlainXml(text: string, limits: XmlLimits): XmlElement | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const left = { elements: limits.elements, attributes: limits.attributes };
  const open: OpenElement[] = [];
  let at = 0;
  while (at < text.length) {
    TAG.lastIndex = at;
    const tag = TAG.exec(text);
    if (!tag) {
      TEXT.lastIndex = at;
      const characters = TEXT.exec(text)?.[0];
      if (characters === undefined || open.length === 0) return undefined;
      open.at(-1)!.children.push(characters);
      at += characters.length;
      continue;
    }
    at += tag[0].length;
    const [, closing, name, written, empty] = tag;
    if (closing) {
      if (written || empty || open.at(-1)?.name !== name) return undefined;
    } else {
      const element = elementOf(name, written, open.at(-1)?.namespace ?? '');
      if (!element || --left.elements < 0 || open.length >= limits.depth) return undefined;
      left.attributes -= element.attributes.length;
      if (left.attributes < 0) return undefined;
      open.at(-1)?.children.push(element);
      open.push(element);
      if (!empty) continue;
    }
    const ended = open.pop()!;
    if (open.length === 0) return at === text.length ? ended : undefined;
  }
  return undefined;
}

interface OpenElement extends XmlElement {
  readonly children: XmlNode[];
}

function elementOf(name: string, written: string, inherited: string): OpenElement | undefined {
  const attributes: XmlAttribute[] = [];
  let namespace = inherited;
  for (const [, attribute, value] of written.matchAll(ATTRIBUTE)) {
    if (attributes.some((other) => other.name === attribute)) return undefined;
    const isDeclaration = attribute === 'xmlns';
    if (isDeclaration) {
      if (value.includes(' ') || RESERVED.includes(value)) return undefined;
      namespace = value;
    }
    attributes.push({ name: attribute, localName: attribute, namespace: isDeclaration ? XMLNS : '', value });
  }
  return { name, localName: name, namespace, attributes, children: [] };
}
