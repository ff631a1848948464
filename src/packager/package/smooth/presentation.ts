import { SMOOTH_TIMESCALE_HZ, type SmoothTimes } from '../../../layout/smooth-times.js';
import type { SmoothLevel, SmoothPresentation, SmoothStream } from '../../../manifest/smooth/presentation.js';
import type { SmoothTrack } from './tracks.js';

/** A track with its times and its media, as its stream has them. */
export interface SmoothRendition extends SmoothTrack {
  readonly times: SmoothTimes;
  /** Of all fragments. */
  readonly mediaBytes: number;
  /** Name of its file. */
  readonly file: string;
}

/**
 * What the manifests of Smooth Streaming are written from.
 * @param streams renditions by the stream that they are levels of
 */
export function smoothPresentationOf(
  streams: readonly (readonly SmoothRendition[])[],
  playreadyObject: Uint8Array,
): SmoothPresentation {
  const nameOf = uniqueNames();
  const rates = new Set<number>();
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
        levels: renditions.map((one) => levelOf(one, rates)),
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

function levelOf(rendition: SmoothRendition, rates: Set<number>): SmoothLevel {
  const { track, codec, file } = rendition;
  const common = {
    bitsPerSecond: freeRate(averageRate(rendition), rates),
    file: { uri: file, trackId: track.movie.tracks[0].id },
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
function averageRate({ mediaBytes, times: { starts, end } }: SmoothRendition): number {
  return Math.ceil((8 * mediaBytes * SMOOTH_TIMESCALE_HZ) / Math.max(1, end - starts[0]));
}

/** A level is asked for by its rate: of two that have one, the second is said to need a bit more. */
function freeRate(wanted: number, taken: Set<number>): number {
  let rate = wanted;
  while (taken.has(rate)) rate++;
  taken.add(rate);
  return rate;
}
