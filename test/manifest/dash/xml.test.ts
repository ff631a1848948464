import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { element, xmlDocument } from '../../../src/manifest/dash/xml.js';

describe('XML', () => {
  it('is an element a line, without what is undefined', () => {
    const root = element('a', { x: 1, y: undefined, z: true }, element('b', {}, 'text'), undefined, {
      raw: '<c/>',
    });
    expect(xmlDocument(root)).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<a x="1" z="true">\n  <b>text</b>\n  <c/>\n</a>\n',
    );
  });

  it('gives any text back that XML has', () => {
    const character = fc.constantFrom('<', '>', '&', '"', "'", '\n', '\t', ' ', ']]>', 'é', '😀', 'a');
    fc.assert(
      fc.property(
        fc.array(character).map((all) => `x${all.join('')}x`),
        (text) => {
          const document = new DOMParser().parseFromString(
            xmlDocument(element('a', { b: text }, text)),
            'text/xml',
          );
          expect(document.documentElement!.getAttribute('b')).toBe(text);
          expect(document.documentElement!.textContent).toBe(text);
        },
      ),
    );
  });

  it('refuses text that it does not have', () => {
    for (const text of ['\0', '\u001b', '\ufffe', '\ud800']) {
      expect(() => xmlDocument(element('a', { b: text }))).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });
});
