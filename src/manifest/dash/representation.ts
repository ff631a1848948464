import {
  type Addressing,
  type AnyAddressing,
  type ByteRange,
  longestSegmentSeconds,
  type WholeFile,
} from '../addressing.js';
import { dashBitsPerSecond } from '../bandwidth.js';
import { reduced } from '../fraction.js';
import type {
  AudioRepresentation,
  Fraction,
  Presentation,
  SwitchingSet,
  TextRepresentation,
  ThumbnailRepresentation,
  VideoRepresentation,
} from '../presentation.js';
import { atmosProperties, audioChannelConfiguration } from './audio-channels.js';
import { segmentTimeline } from './segment-timeline.js';
import { element, type XmlTree } from './xml.js';

/** What the whole presentation decides for each representation. */
export interface Timing {
  readonly durationSeconds: number;
  readonly minBufferSeconds: number;
}

/**
 * Representation elements of a set (ISO/IEC 23009-1 5.3.5).
 * @throws PrpackError UNSUPPORTED_FEATURE for times that players cannot count
 * @example
 * representationElements(set, { durationSeconds: 8, minBufferSeconds: 2 });
 */
export function representationElements(set: SwitchingSet, timing: Timing): XmlTree[] {
  switch (set.kind) {
    case 'video':
      return set.representations.map((video) => videoElement(video, timing));
    case 'audio':
      return set.representations.map((audio) => audioElement(audio, timing));
    case 'text':
      return set.representations.map((text) => textElement(text, timing));
    case 'thumbnails':
      return set.representations.map((sheets) => thumbnailsElement(sheets, timing));
  }
}

function videoElement(video: VideoRepresentation, timing: Timing): XmlTree {
  const attributes = {
    ...commonAttributes(video, timing),
    codecs: video.codecs,
    'scte214:supplementalCodecs': video.supplementalCodecs?.codecs,
    'scte214:supplementalProfiles': video.supplementalCodecs?.profile,
    width: video.widthPixels,
    height: video.heightPixels,
    sar: ratioText(video.sampleAspectRatio ?? { numerator: 1, denominator: 1 }),
    frameRate: frameRateText(video.frameRate),
  };
  return element('Representation', attributes, ...addressingElements(video.addressing));
}

function audioElement(audio: AudioRepresentation, timing: Timing): XmlTree {
  const attributes = {
    ...commonAttributes(audio, timing),
    codecs: audio.codecs,
    audioSamplingRate: audio.samplingRateHz,
  };
  return element(
    'Representation',
    attributes,
    audioChannelConfiguration(audio),
    ...atmosProperties(audio),
    ...addressingElements(audio.addressing),
  );
}

function textElement(text: TextRepresentation, timing: Timing): XmlTree {
  const attributes = { ...commonAttributes(text, timing), codecs: text.codecs };
  return element('Representation', attributes, ...addressingElements(text.addressing));
}

/**
 * Simple addressing: all sheets have one duration (DASH-IF IOP 4.3 6.2.6). A sheet may take as long as it shows. The grid stands in the
 * representation, since shaka-player looks for it nowhere else.
 */
function thumbnailsElement(sheets: ThumbnailRepresentation, timing: Timing): XmlTree {
  const { addressing, widthPixels, heightPixels, columns, rows, sheetTicks } = sheets;
  const minBufferSeconds = longestSegmentSeconds(addressing);
  const attributes = {
    ...commonAttributes(sheets, { ...timing, minBufferSeconds }),
    width: widthPixels,
    height: heightPixels,
  };
  return element(
    'Representation',
    attributes,
    element('EssentialProperty', {
      schemeIdUri: 'http://dashif.org/guidelines/thumbnail_tile',
      value: `${columns}x${rows}`,
    }),
    element('SegmentTemplate', {
      media: addressing.mediaUri,
      timescale: addressing.timescaleHz,
      duration: sheetTicks,
      startNumber: addressing.startNumber,
    }),
  );
}

function commonAttributes(
  { id, mimeType, addressing }: { id: string; mimeType: string; addressing: AnyAddressing },
  timing: Timing,
) {
  return { id, bandwidth: bandwidthOf(addressing, timing), mimeType };
}

function bandwidthOf(addressing: AnyAddressing, { durationSeconds, minBufferSeconds }: Timing): number {
  return addressing.kind === 'whole'
    ? Math.ceil((8 * addressing.sizeBytes) / durationSeconds)
    : dashBitsPerSecond(addressing, minBufferSeconds);
}

function addressingElements(addressing: Addressing | WholeFile): XmlTree[] {
  if (addressing.kind === 'whole') return [element('BaseURL', {}, addressing.uri)];
  const { timescaleHz: timescale, presentationTimeOffsetTicks: presentationTimeOffset } = addressing;
  if (addressing.kind === 'file') {
    const { uri, initRange, indexRange } = addressing;
    const attributes = { timescale, presentationTimeOffset, indexRange: rangeText(indexRange) };
    const initialization = element('Initialization', { range: rangeText(initRange) });
    return [element('BaseURL', {}, uri), element('SegmentBase', attributes, initialization)];
  }
  const { initUri, mediaUri, startNumber, segments } = addressing;
  const attributes = {
    timescale,
    presentationTimeOffset,
    initialization: initUri,
    media: mediaUri,
    startNumber,
  };
  return [element('SegmentTemplate', attributes, segmentTimeline(segments))];
}

/** First and last byte, as in HTTP (RFC 9110 14.1.2). */
function rangeText({ startBytes, endBytes }: ByteRange): string {
  return `${startBytes}-${endBytes - 1}`;
}

/**
 * A ratio as `sar` and `par` have it.
 * @example
 * ratioText({ numerator: 640, denominator: 360 }); // '16:9'
 */
export function ratioText(ratio: Fraction): string {
  const { numerator, denominator } = reduced(ratio);
  return `${numerator}:${denominator}`;
}

/**
 * Frames per second as `frameRate` has them (ISO/IEC 23009-1 5.3.7.2).
 * @example
 * frameRateText({ numerator: 60000, denominator: 2002 }); // '30000/1001'
 */
export function frameRateText(frameRate: Fraction): string {
  const { numerator, denominator } = reduced(frameRate);
  return denominator === 1 ? String(numerator) : `${numerator}/${denominator}`;
}

/**
 * `minBufferTime` in seconds: the longest segment, in whole milliseconds; one second where nothing has segments.
 * @example
 * minBufferSecondsOf(presentation); // 2.006
 */
export function minBufferSecondsOf({ switchingSets }: Presentation): number {
  const longest = switchingSets
    .filter(({ kind }) => kind === 'video' || kind === 'audio')
    .flatMap(({ representations }) => representations.map(({ addressing }) => addressing))
    .map((addressing) => (addressing.kind === 'whole' ? 0 : longestSegmentSeconds(addressing)));
  // Less than a millionth part of a millisecond is rounding of the division.
  return Math.ceil(Math.max(0, ...longest) * 1000 - 1e-6) / 1000 || 1;
}
