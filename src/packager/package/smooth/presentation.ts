import type { PiffPlan } from '../../../layout/piff-plan.js';
import { SMOOTH_TIMESCALE_HZ, type SmoothTimes } from '../../../layout/smooth-times.js';
import type { SmoothLevel, SmoothPresentation, SmoothStream } from '../../../manifest/smooth/presentation.js';
import type { SmoothTrack } from './tracks.js';

/** A track with its times and its media, as its stream has them. */
export interface SmoothRendition extends SmoothTrack {
  readonly times: SmoothTimes;
  readonly piff: PiffPlan;
  /** Name of its file; absent where each fragment is a file. */
  readonly file?: string;
}

/**
 * What the manifests of Smooth Streaming are written from.
 * @param streams renditions by the stream that they are levels of
 * @param mediaVersion part of the rates, by which levels are asked for, so that no fragment has the URL of one before
 */
export function smoothPresentationOf(
  streams: readonly (readonly SmoothRendition[])[],
  playreadyObject: Uint8Array,
  mediaVersion: number,
): SmoothPresentation {
  const nameOf = uniqueNames();
  const rateOf = uniqueRates(mediaVersion);
  return {
    durationTicks: Math.max(...streams.flat().map(({ times }) => times.end)),
    playreadyObject,
    streams: streams.map((renditions): SmoothStream => {
      const [{ track }] = renditions;
      const { type, language } = track;
      return {
        type,
        name: nameOf(type === 'video' ? type : `${type}_${language ?? 'und'}`),
        ...(language !== undefined && { language }),
        chunks: chunksOf(renditions),
        levels: renditions.map((one) => levelOf(one, rateOf(averageRate(one)))),
      };
    }),
  };
}

/** The last fragment lasts as long as that of the longest level. */
function chunksOf(renditions: readonly SmoothRendition[]): SmoothStream['chunks'] {
  const [{ starts }] = renditions.map(({ times }) => times);
  const end = Math.max(...renditions.map(({ times }) => times.end));
  return Array.from(starts, (startTicks, i) => ({
    startTicks,
    durationTicks: (starts[i + 1] ?? end) - startTicks,
  }));
}

/** Letters, digits and underscores, as names are in the URLs of fragments (MS-SSTR 2.2.3). */
function uniqueNames(): (text: string) => string {
  const taken = new Map<string, number>();
  return (text) => {
    const name = text.replaceAll(/[^A-Za-z0-9_]/g, '_');
    const times = (taken.get(name) ?? 0) + 1;
    taken.set(name, times);
    return times === 1 ? name : `${name}_${times}`;
  };
}

function levelOf({ track, codec, file }: SmoothRendition, bitsPerSecond: number): SmoothLevel {
  const common = {
    bitsPerSecond,
    ...(file !== undefined && { file: { uri: file, trackId: track.movie.tracks[0].id } }),
  };
  const { width = 0, height = 0, channels = 2, sampleRateHz = 0 } = track.described.codecs[0];
  if (codec.kind === 'video') {
    const { numerator, denominator } = track.sampleAspectRatio ?? { numerator: 1, denominator: 1 };
    const displayWidthPixels = Math.round((width * numerator) / denominator);
    return { ...codec, ...common, widthPixels: width, heightPixels: height, displayWidthPixels };
  }
  const samplingRateHz = sampleRateHz || track.movie.tracks[0].mdhd.timescaleHz;
  return { ...codec, ...common, samplingRateHz, channels: track.channels?.count ?? channels };
}

/** Bits per second of all fragments together. */
function averageRate({ piff, times: { starts, end } }: SmoothRendition): number {
  return Math.ceil((8 * piff.mediaBytes * SMOOTH_TIMESCALE_HZ) / Math.max(1, end - starts[0]));
}

const KILOBIT = 1000;

/** A level is asked for by its rate: whole kilobits, each once, and how often the media was replaced. */
function uniqueRates(mediaVersion: number): (bitsPerSecond: number) => number {
  const taken = new Set<number>();
  return (bitsPerSecond) => {
    let kilobits = Math.ceil(bitsPerSecond / KILOBIT);
    while (taken.has(kilobits)) kilobits++;
    taken.add(kilobits);
    return kilobits * KILOBIT + mediaVersion - 1;
  };
}

/** Of the folder with the fragments of a level, as clients ask for it (MS-SSTR 2.2.3). */
export function levelFolder({ bitsPerSecond }: SmoothLevel): string {
  return `QualityLevels(${bitsPerSecond})`;
}

/** Of the file of a fragment, in the folder of its level. */
export function fragmentName({ name }: SmoothStream, { startTicks }: SmoothStream['chunks'][number]): string {
  return `Fragments(${name}=${startTicks})`;
}
