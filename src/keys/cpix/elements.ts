import { fromBase64 } from '../../bytes/hex.js';
import { attributeOf, childElements, textOf, type XmlElement } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';
import { type KeyId, parseKeyId } from '../key-id.js';
import { cpixFault } from './faults.js';

/** The children of an element in one namespace, of one local name. */
export function children(parent: XmlElement, namespace: string, name: string): XmlElement[] {
  return childElements(parent, name).filter((child) => child.namespace === namespace);
}

/** The one child of that name, or undefined; two are refused, for readers would choose differently. */
export function child(parent: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const [first, second] = children(parent, namespace, name);
  if (second) throw cpixFault(`${parent.localName} has more than one ${name}`);
  return first;
}

/** The child at the end of a path of names. */
export function descendant(
  parent: XmlElement,
  ...path: readonly (readonly [string, string])[]
): XmlElement | undefined {
  let found: XmlElement | undefined = parent;
  for (const [namespace, name] of path) found = found && child(found, namespace, name);
  return found;
}

/** `kid`, `dependsOnKey` and the like. */
export function keyIdAttribute(element: XmlElement, name: string): KeyId | undefined {
  const text = attributeOf(element, name);
  if (text === undefined) return undefined;
  try {
    return parseKeyId(text.trim());
  } catch (error) {
    if (error instanceof PrpackError) throw cpixFault(`${element.localName}@${name} is not a UUID`);
    throw error;
  }
}

export function requiredKeyId(element: XmlElement, name: string): KeyId {
  const kid = keyIdAttribute(element, name);
  if (kid) return kid;
  throw cpixFault(`a ${element.localName} has no ${name}`);
}

/** xs:integer, not negative. */
export function integerAttribute(element: XmlElement, name: string): number | undefined {
  const text = attributeOf(element, name)?.trim();
  if (text === undefined) return undefined;
  if (/^\+?\d{1,15}$/.test(text)) return Number(text);
  throw cpixFault(`${element.localName}@${name} is not a whole number`);
}

const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
]);

/** xs:boolean. */
export function booleanAttribute(element: XmlElement, name: string): boolean | undefined {
  const text = attributeOf(element, name)?.trim();
  if (text === undefined) return undefined;
  const value = BOOLEANS.get(text);
  if (value === undefined) throw cpixFault(`${element.localName}@${name} is not true or false`);
  return value;
}

/** xs:base64Binary, in which white space may stand anywhere. */
export function base64Text(text: string, what: string): Uint8Array {
  const bytes = fromBase64(text.replace(/\s+/g, ''));
  if (bytes) return bytes;
  throw cpixFault(`${what} is not base64`);
}

export function base64Content(element: XmlElement): Uint8Array {
  return base64Text(textOf(element), element.localName);
}

/** UTF-8 text in base64. */
export function base64TextContent(element: XmlElement): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(base64Content(element));
  } catch (error) {
    if (error instanceof PrpackError) throw error;
    throw cpixFault(`${element.localName} is not UTF-8 text in base64`);
  }
}

/** The entries of an object that have a value: what optional fields are filled from. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
