import { attributeOf, childElements, isElement, parseXml, textOf, type XmlElement } from '../../bytes/xml.js';
import { fault, type Reference } from './fault.js';

/** What the check needs of an MPD. */
export interface ReadMpd {
  readonly minBufferSeconds: number;
  readonly sets: readonly ReadSet[];
}

export interface ReadSet {
  readonly id: number;
  /** Of all ContentProtection elements, in UUID text. */
  readonly kids: readonly string[];
  /** ContentProtection elements, for comparison. */
  readonly descriptors: string;
  /** Base64 of `pssh` boxes and PlayReady Objects. */
  readonly protectionData: readonly string[];
  readonly switchableIds: readonly number[];
  readonly representations: readonly ReadRepresentation[];
}

export interface ReadRepresentation {
  readonly id: string;
  readonly bandwidth: number;
  /** Files that are there whole, and ranges of them. */
  readonly references: readonly Reference[];
  /** Ranges of Initialization and `sidx`, of SegmentBase. */
  readonly base?: { readonly init: Range; readonly index: Range };
  /** Segments of SegmentTimeline. */
  readonly timeline?: ReadTimeline;
}

export interface ReadTimeline {
  readonly timescaleHz: number;
  readonly offsetTicks: number;
  readonly segments: readonly ReadSegment[];
}

interface ReadSegment {
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly uri: string;
}

type Range = NonNullable<Reference['range']>;

const SWITCHING = 'urn:mpeg:dash:adaptation-set-switching:2016';

/**
 * Reads an MPD of one period back, by the words of the standard and not by those of the writer.
 * @param path name of the MPD in errors
 * @throws PrpackError OUTPUT_CHECK_FAILED for what is not well-formed, or lacks what a player needs
 * @example
 * readMpd('manifest.mpd', text).sets.map(({ kids }) => kids);
 */
export function readMpd(path: string, text: string): ReadMpd {
  const mpd = parseXml(text, (reason) => fault(path, `is not well-formed: ${reason}`));
  const [period] = childElements(mpd, 'Period');
  if (!period) throw fault(path, 'has no Period', { clause: 'ISO/IEC 23009-1 5.3.2' });
  const durationSeconds = secondsOf(path, mpd, 'mediaPresentationDuration');
  return {
    minBufferSeconds: secondsOf(path, mpd, 'minBufferTime'),
    sets: childElements(period, 'AdaptationSet').map((set) => readSet(path, set, durationSeconds)),
  };
}

function readSet(path: string, set: XmlElement, durationSeconds: number): ReadSet {
  const protections = childElements(set, 'ContentProtection');
  const kids = protections.map((one) => attributeOf(one, 'cenc:default_KID'));
  const switching = childElements(set, 'SupplementalProperty').filter(
    (one) => attributeOf(one, 'schemeIdUri') === SWITCHING,
  );
  return {
    id: numberOf(path, set, 'id'),
    kids: kids.filter((kid) => kid !== undefined).map((kid) => kid.toLowerCase()),
    descriptors: protections.map(outline).join('\n'),
    protectionData: protections
      .flatMap((one) => [...childElements(one, 'pssh'), ...childElements(one, 'pro')])
      .map(textOf),
    switchableIds: switching.flatMap((one) => (attributeOf(one, 'value') ?? '').split(',').map(Number)),
    representations: childElements(set, 'Representation').map((one) =>
      readRepresentation(path, one, durationSeconds),
    ),
  };
}

function readRepresentation(
  path: string,
  representation: XmlElement,
  durationSeconds: number,
): ReadRepresentation {
  const [baseUrl] = childElements(representation, 'BaseURL');
  const [base] = childElements(representation, 'SegmentBase');
  const [template] = childElements(representation, 'SegmentTemplate');
  const common = {
    id: attributeOf(representation, 'id') ?? '',
    bandwidth: numberOf(path, representation, 'bandwidth'),
  };
  if (template) return { ...common, ...readTemplate(path, template, durationSeconds) };
  if (!baseUrl) throw fault(path, `representation ${common.id} has no media`);
  const uri = textOf(baseUrl);
  if (!base) return { ...common, references: [{ uri }] };
  const [initialization] = childElements(base, 'Initialization');
  const init = initialization && rangeOf(attributeOf(initialization, 'range'));
  const index = rangeOf(attributeOf(base, 'indexRange'));
  if (!init || !index) throw fault(path, `representation ${common.id} lacks the range of header or index`);
  return {
    ...common,
    references: [
      { uri, range: init },
      { uri, range: index },
    ],
    base: { init, index },
  };
}

function readTemplate(path: string, template: XmlElement, durationSeconds: number) {
  const timescaleHz = Number(attributeOf(template, 'timescale') ?? 1);
  const media = attributeOf(template, 'media') ?? '';
  const startNumber = Number(attributeOf(template, 'startNumber') ?? 1);
  const [timeline] = childElements(template, 'SegmentTimeline');
  if (!timeline) {
    // Sheets of thumbnails: all of one duration, so that their count follows from that of the period.
    const count = Math.ceil((durationSeconds * timescaleHz) / numberOf(path, template, 'duration'));
    const numbers = Array.from({ length: count }, (_, index) => startNumber + index);
    return { references: numbers.map((one) => ({ uri: expand(media, { Number: one }) })) };
  }
  const initUri = attributeOf(template, 'initialization');
  if (initUri === undefined) throw fault(path, 'a SegmentTemplate has no initialization');
  const segments = segmentsOf(path, timeline).map((one, index) => ({
    ...one,
    uri: expand(media, { Number: startNumber + index, Time: one.startTicks }),
  }));
  return {
    references: [{ uri: initUri }, ...segments.map(({ uri }) => ({ uri }))],
    timeline: {
      timescaleHz,
      offsetTicks: Number(attributeOf(template, 'presentationTimeOffset') ?? 0),
      segments,
    },
  };
}

function segmentsOf(path: string, timeline: XmlElement) {
  let endTicks = 0;
  return childElements(timeline, 'S').flatMap((run) => {
    const runTicks = Number(attributeOf(run, 't') ?? endTicks);
    const durationTicks = numberOf(path, run, 'd');
    const count = Number(attributeOf(run, 'r') ?? 0) + 1;
    endTicks = runTicks + count * durationTicks;
    return Array.from({ length: count }, (_, index) => ({
      startTicks: runTicks + index * durationTicks,
      durationTicks,
    }));
  });
}

function expand(template: string, values: Readonly<Record<string, number>>): string {
  let uri = template;
  for (const [name, value] of Object.entries(values)) {
    uri = uri.replace(new RegExp(`\\$${name}(%0\\d+d)?\\$`, 'g'), (_, format?: string) =>
      String(value).padStart(Number(format?.slice(2, -1) ?? 1), '0'),
    );
  }
  return uri;
}

function rangeOf(text: string | undefined): Range | undefined {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text ?? '') ?? [];
  return first === undefined ? undefined : { startBytes: Number(first), endBytes: Number(last) + 1 };
}

function numberOf(path: string, element: XmlElement, name: string): number {
  const value = Number(attributeOf(element, name) || Number.NaN);
  if (Number.isSafeInteger(value)) return value;
  throw fault(path, `${element.localName} has no number in ${name}`);
}

function secondsOf(path: string, element: XmlElement, name: string): number {
  const [, seconds] = /^PT(\d+(?:\.\d+)?)S$/.exec(attributeOf(element, name) ?? '') ?? [];
  if (seconds !== undefined) return Number(seconds);
  throw fault(path, `${element.localName} has no duration in seconds in ${name}`);
}

/** Everything inside an element but white space and prefixes. */
function outline(element: XmlElement): string {
  const attributes = element.attributes.map(({ localName, value }) => `${localName}=${value}`);
  const children = element.children.map((child) =>
    typeof child === 'string' ? child.trim() : isElement(child) ? outline(child) : '',
  );
  return `<${element.namespace} ${element.localName} ${attributes.join(' ')}>${children.join('')}`;
}
