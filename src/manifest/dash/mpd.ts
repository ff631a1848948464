import { largest, reduced } from '../fraction.js';
import type {
  EventStream,
  Fraction,
  Presentation,
  SwitchingSet,
  VideoRepresentation,
} from '../presentation.js';
import { shortestLanguage } from '../sets.js';
import { assertPresentation } from '../validate.js';
import { contentProtection, PROTECTION_NAMESPACES } from './content-protection.js';
import {
  frameRateText,
  minBufferSecondsOf,
  ratioText,
  representationElements,
  type Timing,
} from './representation.js';
import {
  accessibilityElements,
  essentialProperties,
  roleElements,
  supplementalProperties,
} from './set-descriptors.js';
import { element, type XmlTree, xmlDocument } from './xml.js';

const CONTENT_TYPES: Record<SwitchingSet['kind'], string> = {
  video: 'video',
  audio: 'audio',
  text: 'text',
  thumbnails: 'image',
};

/** What segments promise, by how they are found: all begin with a picture or sample that needs no other. */
const ALIGNMENT = {
  file: { subsegmentAlignment: true, subsegmentStartsWithSAP: 1 },
  segments: { segmentAlignment: true, startWithSAP: 1 },
  whole: {},
} as const;

/**
 * A static MPD of one period (ISO/IEC 23009-1 5.3).
 * @throws PrpackError INVALID_ARGUMENT for a presentation, label, language or given signalling that an MPD cannot carry;
 *   UNSUPPORTED_FEATURE for times that players cannot count
 * @example
 * const mpd = writeMpd({ durationSeconds: 8, switchingSets: [video, english, german] });
 */
export function writeMpd(presentation: Presentation): string {
  assertPresentation(presentation);
  const { durationSeconds } = presentation;
  const timing = { durationSeconds, minBufferSeconds: minBufferSecondsOf(presentation) };
  const attributes = {
    xmlns: 'urn:mpeg:dash:schema:mpd:2011',
    ...namespacesOf(presentation),
    profiles: profilesOf(presentation).join(','),
    type: 'static',
    mediaPresentationDuration: durationText(durationSeconds),
    minBufferTime: durationText(timing.minBufferSeconds),
  };
  return xmlDocument(element('MPD', attributes, periodElement(presentation, timing)));
}

function namespacesOf({ switchingSets }: Presentation) {
  const isDolbyVision = ({ kind, representations }: SwitchingSet) =>
    kind === 'video' && representations.some((one) => 'supplementalCodecs' in one);
  return {
    ...(switchingSets.some(({ protection }) => protection) && PROTECTION_NAMESPACES),
    ...(switchingSets.some(isDolbyVision) && { 'xmlns:scte214': 'urn:scte:dash:scte214-extensions' }),
  };
}

/** By how segments are found; stand-alone text is outside CMAF, and a mixture outside both profiles. */
function profilesOf({ switchingSets }: Presentation): string[] {
  const kinds = new Set(
    switchingSets
      .filter(({ kind }) => kind !== 'thumbnails')
      .flatMap(({ representations }) => representations.map(({ addressing }) => addressing.kind)),
  );
  if (kinds.has('file') && kinds.has('segments')) return ['urn:mpeg:dash:profile:full:2011'];
  if (!kinds.has('segments')) return ['urn:mpeg:dash:profile:isoff-on-demand:2011'];
  const live = 'urn:mpeg:dash:profile:isoff-live:2011';
  return kinds.has('whole') ? [live] : [live, 'urn:mpeg:dash:profile:cmaf:2019'];
}

/** In the order of the schema, as every element below. */
function periodElement(presentation: Presentation, timing: Timing): XmlTree {
  return element(
    'Period',
    { id: '1', start: 'PT0S' },
    ...(presentation.eventStreams ?? []).map(eventStreamElement),
    ...presentation.switchingSets.map((set) => adaptationSetElement(presentation, set, timing)),
  );
}

function eventStreamElement({ schemeIdUri, value, timescaleHz, events }: EventStream): XmlTree {
  const isSignal = schemeIdUri === SCTE35_IN_XML;
  const children = events.map(({ id, startTicks, durationTicks, message, isBase64 }) =>
    element(
      'Event',
      {
        presentationTime: startTicks,
        duration: durationTicks,
        id,
        contentEncoding: isBase64 && !isSignal ? 'base64' : undefined,
      },
      isSignal ? signalElement(message) : message,
    ),
  );
  return element('EventStream', { schemeIdUri, value, timescale: timescaleHz }, ...children);
}

/** A section of SCTE 35 within XML (ANSI/SCTE 214-1 6.7.4, ANSI/SCTE 35 11). */
const SCTE35_IN_XML = 'urn:scte:scte35:2014:xml+bin';

function signalElement(base64: string): XmlTree {
  return element('Signal', { xmlns: 'http://www.scte.org/schemas/35/2016' }, element('Binary', {}, base64));
}

function adaptationSetElement(presentation: Presentation, set: SwitchingSet, timing: Timing): XmlTree {
  const attributes = {
    id: set.id,
    contentType: CONTENT_TYPES[set.kind],
    lang: set.language === undefined ? undefined : shortestLanguage(set.language),
    ...(set.kind === 'video' && videoAttributes(set.representations)),
    ...(set.kind === 'video' &&
      set.trickPlay && { maxPlayoutRate: set.trickPlay.maxPlayoutRate, codingDependency: false }),
    ...(set.kind !== 'thumbnails' && ALIGNMENT[set.representations[0].addressing.kind]),
    selectionPriority: selectionPriorityOf(presentation, set),
  };
  return element(
    'AdaptationSet',
    attributes,
    ...(set.protection ? contentProtection(set.protection) : []),
    ...essentialProperties(set),
    ...supplementalProperties(presentation, set),
    ...(set.inbandEventStreams ?? []).map((stream) => element('InbandEventStream', { ...stream })),
    ...(set.label === undefined ? [] : [element('Label', {}, set.label)]),
    ...accessibilityElements(set),
    ...roleElements(presentation, set),
    ...representationElements(set, timing),
  );
}

/**
 * dash.js does not look at schemes: of two it is to take `cenc`, which the most clients decrypt (ISO/IEC 23009-1 5.3.3.2; the default is
 * 1).
 */
function selectionPriorityOf(
  { switchingSets }: Presentation,
  { protection }: SwitchingSet,
): number | undefined {
  const schemes = new Set(switchingSets.flatMap((set) => set.protection?.scheme ?? []));
  return schemes.size > 1 && protection?.scheme === 'cenc' ? 2 : undefined;
}

function videoAttributes(representations: readonly VideoRepresentation[]) {
  const shape = pictureAspectRatio(representations[0]);
  return {
    par: ratioText(shape),
    maxWidth: Math.max(...representations.map(({ widthPixels }) => widthPixels)),
    maxHeight: Math.max(...representations.map(({ heightPixels }) => heightPixels)),
    maxFrameRate: frameRateText(largest(representations.map(({ frameRate }) => frameRate))),
  };
}

function pictureAspectRatio({ widthPixels, heightPixels, sampleAspectRatio }: VideoRepresentation): Fraction {
  const { numerator = 1, denominator = 1 } = sampleAspectRatio ?? {};
  return reduced({ numerator: widthPixels * numerator, denominator: heightPixels * denominator });
}

/**
 * `xs:duration` in seconds only, to the microsecond (XML Schema Part 2 3.2.6).
 * @example
 * durationText(5400.5); // 'PT5400.5S'
 */
export function durationText(seconds: number): string {
  return `PT${seconds.toFixed(6).replace(/\.?0+$/, '')}S`;
}
