import type { Timed } from '../../manifest/addressing.js';
import { frameRateOf } from './frame-rate.js';
import { familyOfTrack, type TitleTrack } from './representations.js';

/** A track and what it is encrypted with; nothing of one that is clear. */
export interface KeyedTrack {
  readonly track: TitleTrack;
  readonly protection?: { readonly kid: string; readonly scheme: string };
  /** Where it matters, when its segments begin. */
  readonly addressing?: Timed;
}

/** What all tracks of a switching set have in common, by its name (ISO/IEC 23000-19 7.3.4; DASH-IF IOP Part 6 for the key). */
const IN_COMMON: Readonly<Record<string, (one: KeyedTrack) => unknown>> = {
  type: ({ track }) => track.type,
  'trick play': ({ track }) => track.trickPlay?.of,
  codec: ({ track }) => familyOfTrack(track),
  role: ({ track }) => track.role,
  language: ({ track }) => track.language,
  channels: ({ track }) => track.channels ?? track.described.codecs[0].channels,
  key: ({ protection }) => protection?.kid,
  scheme: ({ protection }) => protection?.scheme,
  colour: ({ track }) => track.colour,
  'Dolby Vision': ({ track }) => track.supplementalCodecs?.profile,
  'aspect ratio': ({ track }) => ifVideo(track, aspectOf),
  'frame rate': ({ track }) => ifVideo(track, frameRateFamily),
  'times of segments': ({ track, addressing }) =>
    track.type === 'audio' && addressing ? segmentTimes(addressing) : undefined, // those of video are asserted
  timescale: ({ track }) => ifVideo(track, ({ movie }) => movie.tracks[0].mdhd.timescaleHz),
};

/** These are meant to differ: nobody expects that players switch by themselves between such sets. */
const MEANT: readonly string[] = [
  'type',
  'trick play',
  'codec',
  'role',
  'language',
  'channels',
  'key',
  'scheme',
];

/** Groups tracks that players may switch between, in the order of their first ones. */
export function switchingSetsOf<T extends KeyedTrack>(tracks: readonly T[]): T[][] {
  const sets = new Map<string, T[]>();
  for (const one of tracks) {
    const common = JSON.stringify(Object.values(IN_COMMON).map((of) => of(one) ?? null));
    sets.set(common, [...(sets.get(common) ?? []), one]);
  }
  return [...sets.values()];
}

/** Warnings where renditions of one ladder came into several sets. */
export function splitWarnings(sets: readonly (readonly KeyedTrack[])[]): string[] {
  return sets.flatMap(([one], i) =>
    sets.slice(i + 1).flatMap(([other]) => {
      const differing = Object.keys(IN_COMMON).filter((name) =>
        isOther(IN_COMMON[name](one), IN_COMMON[name](other)),
      );
      if (differing.some((name) => MEANT.includes(name))) return [];
      const [a, b] = [one, other].map(({ track }) => track.id);
      return [`Players do not switch between ${a} and ${b}: they differ in ${differing.join(' and ')}.`];
    }),
  );
}

function isOther(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}

function ifVideo<T>(track: TitleTrack, of: (track: TitleTrack) => T): T | undefined {
  return track.type === 'video' ? of(track) : undefined;
}

/** In milliseconds. Sound that is delayed, or in frames of another duration, is cut at times of its own. */
function segmentTimes({ segments, timescaleHz }: Timed): number[] {
  return segments.map(({ startTicks }) => Math.round((startTicks / timescaleHz) * 1000));
}

/** Width to height of the picture, to a fiftieth: renditions are rounded to whole pixels. */
function aspectOf({ described, sampleAspectRatio }: TitleTrack): number {
  const { width = 0, height = 1 } = described.codecs[0];
  const { numerator, denominator } = sampleAspectRatio ?? { numerator: 1, denominator: 1 };
  return Math.round((width * numerator * 50) / (height * denominator)) / 50;
}

/** 25, 50 and 100 frames a second are of one family, 24 and 23.976 are not. */
function frameRateFamily({ movie }: TitleTrack): number {
  const { numerator, denominator } = frameRateOf(movie.tracks[0]);
  const octave = Math.floor(Math.log2(numerator / denominator / 20)); // 20 to 40 frames a second are octave 0
  return Math.round((numerator / denominator / 2 ** octave) * 100) / 100;
}
