import { writeStppEntry } from '../../isobmff/boxes/stpp.js';
import { writeVttc, writeVtte, writeWvttEntry } from '../../isobmff/boxes/wvtt.js';
import {
  type TextSample,
  type TextTrackParts,
  type TextTrackSamples,
  writeTextTrack,
} from '../../layout/text-track.js';
import type { Segment } from '../../manifest/addressing.js';
import { cutTtml } from '../../manifest/ttml.js';
import { type Cue, timestampText, type WebVtt } from '../../manifest/webvtt.js';
import type { TextTrack } from './text.js';

/** Cue times are milliseconds. */
export const TEXT_TIMESCALE_HZ = 1000;

/** Subtitles as a clear CMAF track. */
export interface TextInMp4 extends TextTrackParts {
  /** RFC 6381. */
  readonly codecs: string;
  /** When the segments show, in milliseconds. */
  readonly times: readonly Segment[];
}

type Samples = Pick<TextTrackSamples, 'handlerType' | 'sampleEntry' | 'brand' | 'segments'>;

/**
 * Puts subtitles into MP4, with a segment for each of the media (ISO/IEC 14496-30).
 * @param boundariesSeconds where segments begin, and the end of the last
 * @param isSegmented whether each segment is a file
 */
export function textInMp4(
  track: TextTrack,
  boundariesSeconds: readonly number[],
  isSegmented = false,
): TextInMp4 {
  const { webVtt, whole, language } = track;
  // Text begins with the title, whenever the first picture shows.
  const boundaries = [0, ...boundariesSeconds.slice(1).map((seconds) => Math.round(seconds * 1000))];
  const samples = webVtt ? webVttSamples(webVtt, boundaries) : ttmlSamples(whole.text, boundaries);
  const parts = writeTextTrack({
    ...samples,
    language,
    timescaleHz: TEXT_TIMESCALE_HZ,
    startTicks: 0,
    isSegmented,
  });
  const times = parts.segments.map(({ length }, i) => ({
    startTicks: boundaries[i],
    durationTicks: boundaries[i + 1] - boundaries[i],
    sizeBytes: length,
  }));
  return { ...parts, codecs: webVtt ? 'wvtt' : 'stpp.ttml.im1t', times };
}

/** Each segment has the document with what shows in it; times in it are those of the track (ISO/IEC 14496-30 6.3). */
function ttmlSamples(text: string, boundaries: readonly number[]): Samples {
  const documents = cutTtml(
    text,
    boundaries.map((milliseconds) => milliseconds / 1000),
  );
  const segments = documents.map((document, i) => [
    { durationTicks: boundaries[i + 1] - boundaries[i], bytes: Buffer.from(document) },
  ]);
  return { handlerType: 'subt', sampleEntry: writeStppEntry(), brand: 'im1t', segments };
}

function webVttSamples({ definitions, cues }: WebVtt, boundaries: readonly number[]): Samples {
  const shown = cues.filter(({ startMilliseconds, endMilliseconds }) => endMilliseconds > startMilliseconds);
  const segments = boundaries.slice(0, -1).map((start, i) => samplesBetween(shown, start, boundaries[i + 1]));
  const header = ['WEBVTT', ...definitions].join('\n\n');
  return { handlerType: 'text', sampleEntry: writeWvttEntry(header), brand: 'cwvt', segments };
}

/** A sample from each time at which something changes to the next: every time has one (ISO/IEC 14496-30 7.4). */
function samplesBetween(cues: readonly Cue[], start: number, end: number): TextSample[] {
  const inside = [...cues.entries()].filter(([, cue]) => showsBetween(cue, start, end));
  const changes = inside.flatMap(([, cue]) => [cue.startMilliseconds, cue.endMilliseconds]);
  const times = [start, ...changes.filter((time) => time > start && time < end), end];
  const edges = [...new Set(times)].sort((a, b) => a - b);
  return edges.slice(0, -1).map((from, i) => {
    const to = edges[i + 1];
    const boxes = inside
      .filter(([, cue]) => showsBetween(cue, from, to))
      .map(([number, cue]) => cueBox(cue, number, from, to));
    return { durationTicks: to - from, bytes: Buffer.concat(boxes.length > 0 ? boxes : [writeVtte()]) };
  });
}

function showsBetween({ startMilliseconds, endMilliseconds }: Cue, start: number, end: number): boolean {
  return startMilliseconds < end && endMilliseconds > start;
}

/** A timestamp inside the text of a cue, for words that show later (W3C WebVTT 4.2.2). */
const TIMESTAMP_TAG = /<\d+:/;

function cueBox(cue: Cue, number: number, from: number, to: number): Uint8Array {
  const { identifier, settings, text, startMilliseconds, endMilliseconds } = cue;
  const isWhole = startMilliseconds === from && endMilliseconds === to;
  return writeVttc({
    ...(!isWhole && { sourceId: number }),
    ...(identifier !== undefined && { identifier }),
    ...(TIMESTAMP_TAG.test(text) && { currentTime: timestampText(from) }),
    settings,
    text,
  });
}
