import { basename } from 'node:path';
import type { ByteSource } from '../../bytes/source.js';
import { PrpackError } from '../../errors.js';
import type { Cue } from '../../manifest/presentation.js';
import { cutTitle, type TitleCuts } from './boundaries.js';
import { placeCues } from './cue-cuts.js';
import { readCues } from './cues.js';
import { withoutCopies } from './dedupe.js';
import { describer } from './descriptions.js';
import { findInputs, type PackageInput } from './inputs.js';
import { type MediaTrack, openMedia } from './media.js';
import { nameTracks, type TitleTrack } from './representations.js';
import { readText, type TextTrack } from './text.js';
import { readThumbnails, type Thumbnails } from './thumbnails.js';
import { trickPlayOf } from './trick-play.js';
import type { PackageOptions, TrackDescription } from './types.js';

const DEFAULT_FRAGMENT_SECONDS = 2;
const DEFAULT_SEGMENT_SECONDS = 6;

/** The inputs of a title, opened and understood. */
export interface Title {
  readonly inputs: readonly PackageInput[];
  readonly sources: readonly ByteSource[];
  /** Video first, the largest picture first of all: it decides where all are cut. */
  readonly tracks: readonly TitleTrack[];
  readonly texts: readonly TextTrack[];
  readonly thumbnails?: Thumbnails;
  /** Where ads may go. */
  readonly cues?: readonly Cue[];
  readonly cuts: TitleCuts;
  /** What of the inputs does not become part of the presentation. */
  readonly warnings: readonly string[];
}

/**
 * Opens all inputs, describes what is in them, and cuts it; the work on it follows, and everything is closed at its end.
 * @throws PrpackError as `encrypt` for each input, INVALID_ARGUMENT when a description fits no input
 */
export async function withTitle<R>(options: PackageOptions, work: (title: Title) => Promise<R>): Promise<R> {
  const inputs = await findInputs(options.inputs);
  const described = describer(inputs, options.describe ?? {});
  const sources: ByteSource[] = [];
  try {
    const found: MediaTrack[] = [];
    const warnings: string[] = [];
    for (const { path } of inputs.filter(({ kind }) => kind === 'media')) {
      const media = await openMedia(path, described(path), options.signal);
      sources.push(media.source);
      found.push(...media.tracks);
      warnings.push(...media.warnings);
    }
    const named = nameTracks(withoutCopies(found).sort(byRank));
    if (named.length === 0) throw noMedia(inputs);
    const trickPlay = options.trickPlay ? trickPlayOf(named) : { tracks: [], warnings: [] };
    const tracks = [...named, ...trickPlay.tracks];
    warnings.push(...trickPlay.warnings);
    const texts = await readTexts(inputs, described);
    const thumbnails =
      options.thumbnails === undefined ? undefined : await readThumbnails(options.thumbnails, options.signal);
    const cues = options.cues === undefined ? undefined : placeCues(tracks, await readCues(options.cues));
    const { fragmentDurationSeconds, segmentDurationSeconds } = options;
    const cuts = cutTitle(
      tracks,
      fragmentDurationSeconds ?? DEFAULT_FRAGMENT_SECONDS,
      segmentDurationSeconds ?? DEFAULT_SEGMENT_SECONDS,
      cues,
    );
    return await work({
      inputs,
      sources,
      tracks,
      texts,
      ...(thumbnails && { thumbnails }),
      ...(cues && { cues: cues.cues }),
      cuts,
      warnings,
    });
  } finally {
    for (const source of sources) source.close();
  }
}

/** Video first, the largest picture first of all. */
export function byRank(a: MediaTrack, b: MediaTrack): number {
  const pixels = ({ described, type }: MediaTrack) => {
    const { width = 0, height = 0 } = described.codecs[0];
    return type === 'video' ? width * height : -1;
  };
  return pixels(b) - pixels(a);
}

/** Names subtitles one after the other, each with a name of its own. */
export function textNames(): (language?: string, role?: string) => string {
  const taken = new Map<string, number>();
  return (language = 'und', role = '') => {
    const name = ['text', language, ...(role === '' ? [] : [role])].join('-');
    const times = (taken.get(name) ?? 0) + 1;
    taken.set(name, times);
    return times === 1 ? name : `${name}-${times}`;
  };
}

/** The inputs that are subtitles, named by what tells them apart. */
export async function readTexts(
  inputs: readonly PackageInput[],
  described: (path: string) => TrackDescription,
  id = textNames(),
): Promise<TextTrack[]> {
  const texts: TextTrack[] = [];
  for (const input of inputs) {
    if (input.kind !== 'media') texts.push(await readText(input, described(input.path), id));
  }
  return texts;
}

function noMedia(inputs: readonly PackageInput[]): PrpackError {
  return new PrpackError('NOTHING_TO_ENCRYPT', 'no input has audio or video', {
    received: inputs.map(({ path }) => basename(path)).join(', '),
    remedy: 'Give the renditions of the title as MP4 files.',
  });
}
