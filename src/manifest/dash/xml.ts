import { escapeXml } from '../../bytes/xml.js';
import { PrpackError } from '../../errors.js';

/** An element to be written. */
export interface XmlTree {
  readonly name: string;
  readonly attributes: Attributes;
  readonly children: readonly Content[];
}

/** In the order in which they are written; undefined ones are left out. */
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element, or text; `raw` is XML that is written as it is. */
type Content = XmlTree | string | { readonly raw: string };

/** What XML 1.0 has no way to write (2.2). */
const NO_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/**
 * An element, without the children that are absent.
 * @example
 * element('Role', { schemeIdUri: 'urn:mpeg:dash:role:2011', value: 'main' });
 */
export function element(
  name: string,
  attributes: Attributes,
  ...children: readonly (Content | undefined)[]
): XmlTree {
  return { name, attributes, children: children.filter((child) => child !== undefined) };
}

/**
 * A document, an element a line.
 * @throws PrpackError INVALID_ARGUMENT for text with characters that XML does not have
 * @example
 * xmlDocument(element('MPD', { type: 'static' })); // '<?xml version="1.0" encoding="UTF-8"?>\n<MPD type="static"/>\n'
 */
export function xmlDocument(root: XmlTree): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${linesOf(root, '').join('\n')}\n`;
}

function linesOf({ name, attributes, children }: XmlTree, indent: string): string[] {
  const start = `${indent}<${name}${attributesText(attributes)}`;
  if (children.length === 0) return [`${start}/>`];
  if (children.every((child) => typeof child === 'string')) {
    return [`${start}>${children.map(escaped).join('')}</${name}>`];
  }
  const inner = children.flatMap((child) => contentLines(child, `${indent}  `));
  return [`${start}>`, ...inner, `${indent}</${name}>`];
}

function contentLines(child: Content, indent: string): string[] {
  if (typeof child === 'string') return [indent + escaped(child)];
  return 'raw' in child ? [indent + child.raw] : linesOf(child, indent);
}

function attributesText(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

function escaped(text: string): string {
  if (NO_CHARACTER.test(text)) {
    throw new PrpackError(
      'INVALID_ARGUMENT',
      `text with characters that XML does not have: ${JSON.stringify(text)}`,
      {
        clause: 'XML 1.0 2.2',
        remedy: 'Leave control characters out of labels, names and URIs.',
      },
    );
  }
  return escapeXml(text);
}
