import { attributeOf, childElements, parseXml, type XmlElement } from '../bytes/xml.js';
import { malformed } from '../errors.js';

/** Of a paragraph, in seconds. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** Everything in a document that is no markup of a paragraph, or the markup of one. */
const MARKUP =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(\/?)(?:[^\s<>"'/:]+:)?p(?=[\s/>])(?:"[^"]*"|'[^']*'|[^<>"'])*>/g;

/**
 * Cuts a document of TTML (W3C TTML2) into documents of one segment each. A paragraph is in every segment in which it shows; its times stay.
 * One whose times this does not understand is in all of them: players show it at its times all the same.
 * @param boundariesSeconds where segments begin, and the end of the last; n + 1 for n segments, ascending
 * @throws PrpackError MALFORMED_INPUT for what is no well-formed document of TTML
 * @example
 * cutTtml(text, [0, 2, 4]).length; // 2
 */
export function cutTtml(text: string, boundariesSeconds: readonly number[]): string[] {
  const root = rootOf(text);
  const paragraphs = paragraphsOf(text);
  const spans = spansOf(root);
  // Paragraphs that the two readers do not see alike are not taken apart.
  const areAlike = paragraphs.length === spans.length;
  const lastIndex = boundariesSeconds.length - 2;
  return boundariesSeconds.slice(0, -1).map((startSeconds, index) => {
    const start = index === 0 ? Number.NEGATIVE_INFINITY : startSeconds;
    const end = index === lastIndex ? Number.POSITIVE_INFINITY : boundariesSeconds[index + 1];
    const isHidden = ({ from, to }: Span) => from >= end || to <= start;
    const hidden = areAlike ? paragraphs.filter((_, i) => isHidden(spans[i])) : [];
    return without(text, hidden);
  });
}

function rootOf(text: string): XmlElement {
  const fault = (reason: string) =>
    malformed(`subtitles are no document of TTML: ${reason}`, {
      clause: 'W3C TTML2 8.1.1',
      remedy: 'Correct the document, or export the subtitles again.',
    });
  const root = parseXml(text, fault);
  if (root.localName === 'tt') return root;
  throw fault(`its root element is ${root.localName}, not tt`);
}

/** Where paragraphs are in the text, in characters; none where one is inside another, which TTML knows only of foreign elements. */
function paragraphsOf(text: string): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  let start: number | undefined;
  for (const match of text.matchAll(MARKUP)) {
    const [markup, slash] = match;
    if (slash === undefined) continue;
    const end = match.index + markup.length;
    if (slash === '' && start !== undefined) return [];
    if (slash === '/' && start !== undefined) found.push({ start, end });
    const isEmpty = markup.endsWith('/>');
    if (isEmpty) found.push({ start: match.index, end });
    start = slash === '' && !isEmpty ? match.index : undefined;
  }
  return found;
}

function without(text: string, parts: readonly { readonly start: number; readonly end: number }[]): string {
  let at = 0;
  let kept = '';
  for (const { start, end } of parts) {
    kept += text.slice(at, start);
    at = end;
  }
  return kept + text.slice(at);
}

const ALWAYS: Span = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

/** Times of all paragraphs, in the order of the document. */
function spansOf(root: XmlElement): Span[] {
  const tickRate = Number(attributeOf(root, 'ttp:tickRate') ?? Number.NaN);
  const walk = (element: XmlElement, isTimed: boolean): Span[] => {
    if (element.localName === 'p') return [isTimed ? ALWAYS : spanOf(element, tickRate)];
    const isSelfTimed = ['begin', 'end', 'dur', 'timeContainer'].some(
      (name) => attributeOf(element, name) !== undefined,
    );
    return childElements(element).flatMap((child) => walk(child, isTimed || isSelfTimed));
  };
  return walk(root, false);
}

/** Times of a paragraph whose parents have none (W3C TTML2 12.2). */
function spanOf(paragraph: XmlElement, tickRate: number): Span {
  const read = (name: string) => {
    const value = attributeOf(paragraph, name);
    return value === undefined ? undefined : timeOf(value, tickRate);
  };
  const [begin, end, dur] = [read('begin'), read('end'), read('dur')];
  const from = begin?.from ?? ALWAYS.from;
  const byDuration = dur && begin ? begin.to + dur.to : ALWAYS.to;
  return { from, to: Math.min(end?.to ?? ALWAYS.to, byDuration) };
}

/** `01:02:03.5`, or with frames for the fraction. */
const CLOCK_TIME = /^(\d{2,}):(\d\d):(\d\d)(?:(\.\d+)|:(\d{2,})(?:\.\d+)?)?$/;
const OFFSET_TIME = /^(\d+(?:\.\d+)?)(h|m|s|ms|t)$/;
const UNIT_SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** The earliest and latest time that an expression can mean (W3C TTML2 12.3.1); frames are anywhere in their second. */
function timeOf(expression: string, tickRate: number): Span {
  const [, hours, minutes, seconds, fraction, frames] = CLOCK_TIME.exec(expression) ?? [];
  if (hours !== undefined) {
    const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
    const from = whole + Number(fraction ?? 0);
    return { from, to: frames === undefined ? from : from + 1 };
  }
  const [, count, unit] = OFFSET_TIME.exec(expression) ?? [];
  const unitSeconds = unit === 't' ? 1 / tickRate : UNIT_SECONDS[unit];
  if (count === undefined || !Number.isFinite(unitSeconds)) return ALWAYS;
  const exactly = Number(count) * unitSeconds;
  return { from: exactly, to: exactly };
}
