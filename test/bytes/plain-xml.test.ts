import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPlainXml } from '../../src/bytes/plain-xml.js';
import { readTree } from '../../src/bytes/xml.js';
import { buildPlayReadyHeader } from '../../src/drm/playready/header.js';

const LIMITS = { elements: 20, attributes: 20, depth: 5 };
const read = (text: string) => readPlainXml(text, LIMITS);

const names = fc.constantFrom('a', 'b', 'DATA', 'x-1.y_', 'xmlns', 'constructor');
const values = fc.oneof(
  fc.constantFrom('', 'urn:a', ' a ', "it's > 1", 'http://www.w3.org/2000/xmlns/'),
  fc.string({ maxLength: 5 }),
);
/** Pieces of documents that are plain, nearly plain, or neither. */
const pieces = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('<', '</'),
      names,
      fc.array(fc.tuple(names, values), { maxLength: 2 }),
      fc.constantFrom('>', '/>', ' >'),
    )
    .map(
      ([start, name, attributes, end]) =>
        `${start}${name}${attributes.map(([key, value]) => ` ${key}="${value}"`).join('')}${end}`,
    ),
  values,
  fc.constantFrom('text', ' ', ']]>', '&amp;', '<!-- -->', '<p:a xmlns:p="u"/>', '\n'),
);
/** Well-formed documents of such pieces. */
const { document } = fc.letrec<{ document: string }>((tie) => ({
  document: fc
    .tuple(
      names,
      fc.uniqueArray(fc.tuple(names, values), { maxLength: 2, selector: ([key]) => key }),
      fc.array(fc.oneof({ weight: 2, arbitrary: values }, tie('document')), { maxLength: 3 }),
    )
    .map(
      ([name, attributes, inside]) =>
        `<${name}${attributes.map(([key, value]) => ` ${key}="${value}"`).join('')}>${inside.join('')}</${name}>`,
    ),
}));

describe('readPlainXml', () => {
  it('reads PlayReady headers as the parser does', () => {
    const keys = [1, 2].map((n) => ({
      kid: `0123456789abcdef0123456789abcde${n}`.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
      algId: 'AESCTR' as const,
      key: new Uint8Array(16),
    }));
    for (const version of ['4.0', '4.1', '4.2', '4.3'] as const) {
      const { xml } = buildPlayReadyHeader({
        version,
        keys: version < '4.2' ? keys.slice(1) : keys,
        laUrl: 'https://drm.example.com/rightsmanager.asmx',
      });
      expect(read(xml)?.localName).toBe('WRMHEADER');
      expect(read(xml)).toEqual(readTree(xml, LIMITS));
    }
  });

  it('agrees with the parser on whatever it reads', () => {
    let plain = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          document,
          fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
        ),
        (text) => {
          const tree = read(text);
          if (!tree) return;
          plain++;
          expect(tree).toEqual(readTree(text, LIMITS));
        },
      ),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(300);
  });

  it.each([
    ['a reference', '<a>&amp;</a>'],
    ['an end of a section', '<a>]]></a>'],
    ['an attribute twice', '<a x="" x=""/>'],
    ['a prefix', '<p:a xmlns:p="u"/>'],
    ['a reserved namespace', '<a xmlns="http://www.w3.org/2000/xmlns/"/>'],
    ['crossed elements', '<a><b></a></b>'],
    ['an element without an end', '<a><b/>'],
    ['two roots', '<a/><b/>'],
    ['text behind the root', '<a/>x'],
    ['a letter that is not ASCII', '<a>ä</a>'],
    ['too many elements', `<a>${'<b/>'.repeat(20)}</a>`],
    [
      'too many attributes',
      `<a>${'<b x=""/>'.repeat(10)}<c${Array.from({ length: 11 }, (_, i) => ` x${i}=""`).join('')}/></a>`,
    ],
    ['too deep nesting', '<a><a><a><a><a><a></a></a></a></a></a></a>'],
    ['a long text', `<a>${'x'.repeat(65_536)}</a>`],
  ])('leaves %s to the parser', (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});
