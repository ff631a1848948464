import { createRequire } from 'node:module';
import type { SaxesAttributeNS, SaxesTagNS } from 'saxes';
import type { PrpackError } from '../errors.js';
import { readPlainXml, XMLNS } from './plain-xml.js';

/**
 * Makes the error for XML that is not well-formed: the caller knows whose XML it is. Reason and cause may quote the XML: where it can
 * hold keys, leave them out.
 */
export type XmlFault = (reason: string, cause?: unknown) => PrpackError;

/** A name, as it is written and as it is meant. */
export interface XmlName {
  /** With the prefix. */
  readonly name: string;
  readonly localName: string;
  /** '' for none. */
  readonly namespace: string;
}

/** Namespace declarations are attributes, too. */
export interface XmlAttribute extends XmlName {
  readonly value: string;
}

export interface XmlElement extends XmlName {
  /** In document order. */
  readonly attributes: readonly XmlAttribute[];
  /** In document order, without comments; character data is a string. */
  readonly children: readonly XmlNode[];
}

export interface XmlInstruction {
  readonly target: string;
  readonly body: string;
}

export type XmlNode = XmlElement | XmlInstruction | string;

/** The parser looks for the semicolon until the end. */
const OPEN_REFERENCE = /&[^;<&]*(?:[<&]|$)/;

const LONE_SURROGATE = /\p{Surrogate}/u;

export { XMLNS };

/** What a document may cost. An element and an attribute each take about 6 µs and 150 bytes, however short they are. */
export interface XmlLimits {
  readonly elements: number;
  /** Of all elements together. */
  readonly attributes: number;
  /** Levels of nesting; each costs its readers a stack frame. */
  readonly depth: number;
}

/** For documents whose length is limited: the largest are CPIX documents of twenty thousand keys. Ten levels are usual. */
const DEFAULT_LIMITS: XmlLimits = { elements: 100_000, attributes: 200_000, depth: 100 };

/** A local name that starts with what may only follow in a name (Namespaces in XML 1.0, 3), which the parser takes. */
const BAD_START = /^(?:[-.\d\u00b7\u203f\u2040]|[\u0300-\u036f])/;

/**
 * The root element of a well-formed document without a document type, within the limits, namespaces resolved. The parser is
 * loaded for the first document that is not plain, and stops at the first element or attribute beyond the limits.
 */
export function parseXml(text: string, fault: XmlFault, limits: Partial<XmlLimits> = {}): XmlElement {
  const allLimits = { ...DEFAULT_LIMITS, ...limits };
  const plain = readPlainXml(text, allLimits);
  if (plain) return plain;
  try {
    if (LONE_SURROGATE.test(text)) throw new Error('it has half a surrogate pair');
    return readTree(text, allLimits);
  } catch (error) {
    throw fault(reasonOf(error as Error, text), error);
  }
}

/** As `parseXml`, by the parser. Any failure of it ends it, for it has no handler of errors. */
export function readTree(text: string, limits: XmlLimits): XmlElement {
  const { SaxesParser } = createRequire(import.meta.url)('saxes') as typeof import('saxes');
  // XML 1.1, which may refer to control characters, is read as XML 1.0.
  const parser = new SaxesParser({
    xmlns: true,
    position: false,
    defaultXMLVersion: '1.0',
    forceXMLVersion: true,
  });
  const document: XmlNode[] = [];
  const open = [document];
  parser.on('doctype', () => {
    throw new Error('it has a document type declaration');
  });
  const count = counter(limits);
  parser.on('attribute', () => count('attributes'));
  parser.on('opentag', (tag) => {
    count('elements');
    if (open.length > limits.depth) throw new Error(`its elements are nested more than ${limits.depth} deep`);
    const children: XmlNode[] = [];
    open
      .at(-1)!
      .push({ ...nameOf(tag), attributes: Object.values(tag.attributes).map(attributeFrom), children });
    open.push(children);
  });
  parser.on('closetag', () => open.pop());
  parser.on('text', (characters) => open.at(-1)!.push(characters));
  parser.on('cdata', (characters) => open.at(-1)!.push(characters));
  parser.on('processinginstruction', (instruction) => {
    // The parser takes <?a?b?>, in which no white space ends the target, and reports it like the well-formed <?a ?b?>.
    if (instruction.body.startsWith('?')) throw new Error('malformed processing instruction');
    open.at(-1)!.push(instruction);
  });
  parser.write(text).close();
  return document.find(isElement)!;
}

/** Counts what a document has of each kind, and throws at the first one too many. */
function counter(limits: XmlLimits): (kind: 'elements' | 'attributes') => void {
  const seen = { elements: 0, attributes: 0 };
  return (kind) => {
    if (++seen[kind] > limits[kind]) throw new Error(`it has more than ${limits[kind]} ${kind}`);
  };
}

function attributeFrom(attribute: SaxesAttributeNS): XmlAttribute {
  const { uri, value } = attribute;
  if (uri === XMLNS && value !== value.trim()) throw new Error('a namespace has white space around it'); // it would be cut off
  return { ...nameOf(attribute), value };
}

function nameOf({ name, local, uri }: SaxesTagNS | SaxesAttributeNS): XmlName {
  if (BAD_START.test(local)) throw new Error(`malformed name: ${name}`);
  return { name, localName: local, namespace: uri };
}

function reasonOf({ message }: Error, text: string): string {
  const reason = message.replace(/\s+/g, ' ').replace(/\.$/, '').slice(0, 200);
  const mayBeAmpersand = /^un(closed tag|expected end)/.test(reason) && OPEN_REFERENCE.test(text);
  return mayBeAmpersand ? `${reason}, or "&" that is not written as "&amp;"` : reason;
}

export function isElement(node: XmlNode): node is XmlElement {
  return typeof node === 'object' && 'children' in node;
}

/** Child elements in document order, of one local name where it is given, whatever their namespace is. */
export function childElements(parent: XmlElement, localName?: string): XmlElement[] {
  return parent.children.filter(isElement).filter((child) => !localName || child.localName === localName);
}

/** The value of the attribute that is written with this name. */
export function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.find((attribute) => attribute.name === name)?.value;
}

/** The text of an element and all inside it, without white space around it. */
export function textOf(element: XmlElement): string {
  return charactersOf(element).trim();
}

function charactersOf({ children }: XmlElement): string {
  return children
    .map((child) => (typeof child === 'string' ? child : isElement(child) ? charactersOf(child) : ''))
    .join('');
}

/** A text as it stands between tags or inside a quoted attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\t\n\r]/g, (c) => `&#${c.charCodeAt(0)};`);
}
