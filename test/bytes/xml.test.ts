import { describe, expect, it } from 'vitest';
import { parseXml } from '../../src/bytes/xml.js';
import { PrpackError } from '../../src/errors.js';

const fault = (reason: string) => new PrpackError('INVALID_ARGUMENT', reason);

describe('parseXml', () => {
  it.each([
    ['crossed elements', '<a><b></a></b>', 'Opening and ending tag mismatch: "b" != "a"'],
    ['an attribute without quotes', '<a x=1></a>', 'attribute "1" missed quot(")!'],
    ['a bare ampersand', '<a>x & y</a>', '"&" is not a reference to a character or a predefined entity'],
  ])('says what is wrong with %s, once', (_, text, reason) => {
    expect(() => parseXml(text, fault)).toThrowError(expect.objectContaining({ message: reason }));
  });
});
