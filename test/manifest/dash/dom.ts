import { DOMParser, type Element } from '@xmldom/xmldom';
import { writeMpd } from '../../../src/manifest/dash/mpd.js';
import type { Presentation } from '../../../src/manifest/presentation.js';

/** The root of an MPD as another parser sees it. */
export function mpdOf(presentation: Presentation): Element {
  return new DOMParser().parseFromString(writeMpd(presentation), 'text/xml').documentElement!;
}

export function all(parent: Element, name: string): Element[] {
  return [...parent.getElementsByTagName(name)];
}

export function attributesOf(element: Element): Record<string, string> {
  return Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
}
