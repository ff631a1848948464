import { expect, it } from 'vitest';
import { languageTag } from '../../../src/packager/package/language.js';

it.each([
  ['deu', 'de'],
  ['de', 'de'],
  ['PT-br', 'pt-BR'],
  ['und', undefined],
  ['', undefined],
  ['german', undefined],
  ['deutsch-AT', undefined],
  ['yue-Hant-HK', 'yue-Hant-HK'],
  ['../de', undefined],
  ['de,role=dub', undefined],
])('languageTag of "%s" is %s', (text, tag) => {
  expect(languageTag(text)).toBe(tag);
});
