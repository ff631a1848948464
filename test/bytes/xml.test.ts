import { DOMParser, type Element, type Node } from '@xmldom/xmldom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  attributeOf,
  childElements,
  escapeXml,
  isElement,
  parseXml,
  textOf,
  type XmlElement,
} from '../../src/bytes/xml.js';
import { PrpackError } from '../../src/errors.js';

const fault = (reason: string) => new PrpackError('INVALID_ARGUMENT', reason);
const parse = (text: string) => parseXml(text, fault);

describe('parseXml', () => {
  it('makes a tree of names, namespaces, attributes and children', () => {
    const xml = `\uFEFF<?xml version="1.0"?>\r\n<!-- a --><p:a xmlns:p="urn:p" p:x='&lt;&#x41;\t"' y=""><b>t<![CDATA[<&]]></b><?go  now?></p:a>\n`;
    expect(parse(xml)).toEqual({
      name: 'p:a',
      localName: 'a',
      namespace: 'urn:p',
      attributes: [
        { name: 'xmlns:p', localName: 'p', namespace: 'http://www.w3.org/2000/xmlns/', value: 'urn:p' },
        { name: 'p:x', localName: 'x', namespace: 'urn:p', value: '<A "' },
        { name: 'y', localName: 'y', namespace: '', value: '' },
      ],
      children: [
        { name: 'b', localName: 'b', namespace: '', attributes: [], children: ['t', '<&'] },
        { target: 'go', body: 'now' },
      ],
    });
  });

  it('takes the default namespace for elements, and not for attributes', () => {
    const [b, c] = childElements(parse('<a xmlns="urn:a"><b x="1"/><c xmlns=""/></a>'));
    expect([b.namespace, b.attributes[0].namespace, c.namespace]).toEqual(['urn:a', '', '']);
  });

  it.each([
    ['crossed elements', '<a><b></a></b>', 'unexpected close tag'],
    ['an attribute without quotes', '<a x=1></a>', 'unquoted attribute value'],
    ['a bare ampersand', '<a>x & y</a>', 'unclosed tag: a, or "&" that is not written as "&amp;"'],
    ['an ampersand before a semicolon', '<a>x & y;</a>', 'disallowed character in entity name'],
    ['a document type', '<!DOCTYPE a><a/>', 'it has a document type declaration'],
    ['elements in 100 others', '<a>'.repeat(101), 'its elements are nested more than 100 deep'],
  ])('says what is wrong with %s, once', (_, text, reason) => {
    expect(() => parse(text)).toThrowError(expect.objectContaining({ message: reason }));
  });

  it.each([
    ['nothing', ''],
    ['text alone', 'a'],
    ['two roots', '<a/><b/>'],
    ['text behind the root', '<a/>x'],
    ['a closing tag too many', '<a/></a>'],
    ['a section outside the root', '<![CDATA[]]><a/>'],
    ['an open comment', '<a/><!-- '],
    ['two hyphens in a comment', '<a><!-- -- --></a>'],
    ['the end of a section as text', '<a>]]></a>'],
    ['< in an attribute', '<a x="<"/>'],
    ['an attribute twice', '<a xmlns:p="u" xmlns:q="u" p:x="" q:x=""/>'],
    ['an unbound prefix of an attribute', '<a p:x=""/>'],
    ['a prefix that is bound to nothing', '<p:a xmlns:p=""/>'],
    ['a namespace with white space', '<a xmlns=" urn:a"/>'],
    ['a local name that starts with a digit', '<p:1 xmlns:p="u"/>'],
    ['a local name that starts with a combining character', '<a xmlns:p="u" p:\u0301=""/>'],
    ['a name of two colons', '<p:a:b xmlns:p="u"/>'],
    ['a declaration behind the start', '<!-- --><?xml version="1.0"?><a/>'],
    ['a processing instruction without an end of its target', '<a><?b?c?></a>'],
    ['a reference to a control character in XML 1.1', '<?xml version="1.1"?><a>&#1;</a>'],
    ['a control character in a comment', '<a><!-- \u0001 --></a>'],
    ['half a pair in a section', '<a><![CDATA[\uD800]]></a>'],
    ['a character that is none', '<a>\uFFFE</a>'],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('reads what @xmldom/xmldom reads', () => {
    const name = fc.constantFrom('a', 'b-1', 'é', 'p:a', 'q:a');
    const text = fc.string({ unit: 'grapheme' }).map(escapeXml).filter(isXml);
    const attributes = fc
      .uniqueArray(fc.tuple(fc.constantFrom('x', 'y', 'p:x', 'q:x', 'xml:lang'), text), {
        selector: ([n]) => n,
      })
      .map((list) => list.map(([n, value]) => ` ${n}='${value.replaceAll("'", '&apos;')}'`).join(''));
    const { element } = fc.letrec<{ element: string; child: string }>((tie) => ({
      element: fc
        .tuple(name, attributes, fc.array(tie('child'), { maxLength: 4 }))
        .map(([n, list, children]) => `<${n}${list}>${children.join('')}</${n}>`),
      child: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.constantFrom('<!-- & -->', '<![CDATA[<&]]>', '<?go now?>', '\r\n', '<b xmlns=""/>'),
        tie('element'),
      ),
    }));
    // XML 1.0 has fewer line ends than the DOM's parser takes for such.
    const dom = new DOMParser({ normalizeLineEndings: (source) => source.replace(/\r\n?/g, '\n') });
    fc.assert(
      fc.property(element, (inner) => {
        const xml = `<r xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q">${inner}</r>`;
        const other = dom.parseFromString(xml, 'text/xml').documentElement!;
        expect(outline(parse(xml))).toEqual(outlineOfDom(other));
      }),
    );
  });
});

function isXml(text: string): boolean {
  return !/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(text);
}

/** Names, namespaces, attributes and all text of a tree. */
function outline(element: XmlElement): unknown {
  return [
    [element.name, element.localName, element.namespace, textOf(element)],
    element.attributes.map(({ name, namespace, value }) => [name, namespace, value]),
    element.children.filter(isElement).map(outline),
  ];
}

function outlineOfDom(element: Element): unknown {
  const children: Element[] = [];
  for (let node: Node | null = element.firstChild; node; node = node.nextSibling) {
    if (node.nodeType === node.ELEMENT_NODE) children.push(node as Element);
  }
  return [
    [element.nodeName, element.localName, element.namespaceURI ?? '', element.textContent!.trim()],
    [...element.attributes].map(({ name, namespaceURI, value }) => [name, namespaceURI ?? '', value]),
    children.map(outlineOfDom),
  ];
}

describe('the limits of parseXml', () => {
  const limits = { elements: 3, attributes: 3, depth: 2 };
  it.each([
    ['<a x=""><b y=""/><c z=""/></a>', undefined],
    ['<a><b/><c/><d/></a>', 'it has more than 3 elements'],
    ['<a x=""><b y="" z="" w=""/></a>', 'it has more than 3 attributes'],
    ['<a xmlns:p="u" xmlns:q="u" xmlns:r="u" xmlns:s="u"/>', 'it has more than 3 attributes'],
    ['<a><b><c/></b></a>', 'its elements are nested more than 2 deep'],
  ])('%s: %s', (xml, problem) => {
    const outcome = () => parseXml(xml, fault, limits);
    if (problem) expect(outcome).toThrow(problem);
    else expect(outcome).not.toThrow();
  });

  it('end the work at the first element too many, whatever follows', () => {
    const xml = `<a>${'<b/>'.repeat(100_000)}<this is no XML`;
    expect(() => parse(xml)).toThrow('more than 100000 elements');
  });
});

describe('attributeOf', () => {
  it('goes by the name as it is written', () => {
    const element = parse('<a xmlns:p="u" p:x="1" y=""/>');
    expect(['p:x', 'x', 'y'].map((name) => attributeOf(element, name))).toEqual(['1', undefined, '']);
  });
});

describe('textOf', () => {
  it('is all character data inside, without white space around it', () => {
    expect(textOf(parse('<a>\n b<c>d<?e f?></c><!-- g --><![CDATA[ h ]]></a>'))).toBe('bd h');
  });
});
