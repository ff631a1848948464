import { join } from 'node:path';
import { SequenceSource } from '../../bytes/file-sequence.js';
import { type ByteSource, FileSource } from '../../bytes/source.js';
import { readMovie } from '../../isobmff/movie.js';
import type { FragmentedPlan } from '../../layout/fragmented-plan.js';
import { attempt, readProtections } from '../../protection/protection-reader.js';
import { psshBoxesOfMovie } from '../../protection/pssh.js';
import { firstIvOf } from '../existing-output.js';
import type { TitleTrack } from './representations.js';
import { type InputFingerprints, isThere, type PackageState, type PublishedFile, sha256Of } from './state.js';
import type { PackageOptions } from './types.js';

/** A track that an earlier run has published. */
export interface PublishedMedia {
  readonly name: string;
  readonly file: PublishedFile;
  /** In bytes, by URI. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Published media that was made of the same, with what a plan of it needs. */
export interface PublishedCandidate {
  readonly published: PublishedMedia;
  /** Of the first sample, or the constant one. */
  readonly ivStart: Uint8Array;
  /** Those in its header: the common one lists the keys of all tracks of the time. */
  readonly psshBoxes: readonly Uint8Array[];
  /** Offset of each `moof`. */
  readonly moofBytes: readonly number[];
}

/** Published media, and the plan that it was made by. */
export interface KeptTrack {
  readonly published: PublishedMedia;
  readonly plan: FragmentedPlan;
}

/** All that the bytes of a track follow from, but for random IVs: 64 hexadecimal digits. */
export async function madeOf(
  { input }: Pick<TitleTrack, 'input'>,
  recipe: string,
  fingerprints: InputFingerprints,
): Promise<string> {
  return sha256Of(`${recipe} ${await fingerprints.of(input)}`);
}

/** The tracks of a presentation that is there, each for one track of the new one. */
export class PublishedTracks {
  readonly #outDir: string;
  readonly #signal: PackageOptions['signal'];
  readonly #state: PackageState;
  readonly #fingerprints: InputFingerprints;
  readonly #isVerified: boolean;
  readonly #taken = new Set<string>();

  /** @param isVerified whether all files are known to be as they were published */
  constructor(
    { outDir, signal }: PackageOptions,
    state: PackageState,
    fingerprints: InputFingerprints,
    isVerified: boolean,
  ) {
    this.#outDir = outDir;
    this.#signal = signal;
    this.#state = state;
    this.#fingerprints = fingerprints;
    this.#isVerified = isVerified;
  }

  /** The published media of a track that was made of the same input, by the same recipe, and is there byte for byte. */
  async find(track: TitleTrack, recipe: string): Promise<PublishedCandidate | undefined> {
    const { tracks = [], files } = this.#state;
    if (!tracks.some((record) => record.madeOf !== undefined)) return undefined;
    const digest = await madeOf(track, recipe, this.#fingerprints);
    const record = tracks.find((one) => one.madeOf === digest && !this.#taken.has(one.name));
    const file = files.find(({ name }) => name === record?.name);
    if (!file || !(this.#isVerified || (await isThere(this.#outDir, file, this.#signal)))) return undefined;
    const candidate = attempt(() => candidateOf(this.#outDir, file));
    if (!candidate || candidate instanceof Error) return undefined;
    this.#taken.add(file.name);
    return candidate;
  }
}

function candidateOf(outDir: string, file: PublishedFile): PublishedCandidate | undefined {
  const source = openPublished(outDir, file);
  try {
    const movie = readMovie(source);
    const [protection] = readProtections(movie, source);
    const ivStart = protection && firstIvOf(protection);
    const { topLevel, fragments } = movie;
    return (
      ivStart && {
        published: { name: file.name, file, sizes: sizesOf(file) },
        ivStart,
        psshBoxes: psshBoxesOfMovie(movie),
        moofBytes: Array.from(fragments.runs, (run) => topLevel.startBytes[run]),
      }
    );
  } finally {
    source.close();
  }
}

/** All of a published track as one; the caller closes it. */
export function openPublished(outDir: string, { name, files }: PublishedFile): ByteSource {
  const path = join(outDir, name);
  if (!files) return new FileSource(path);
  return new SequenceSource(
    path,
    Object.keys(files).map((own) => join(path, own)),
  );
}

function sizesOf({ name, bytes, files }: PublishedFile): ReadonlyMap<string, number> {
  if (!files) return new Map([[name, bytes]]);
  return new Map(Object.entries(files).map(([own, size]) => [`${name}/${own}`, size]));
}

/**
 * The published media with the plan of it; undefined where another version of prpack has laid the track out in another way.
 * @param layOut plans the track with these `pssh` boxes
 */
export function keptTrack(
  candidate: PublishedCandidate | undefined,
  layOut: (psshBoxes: readonly Uint8Array[]) => FragmentedPlan,
): KeptTrack | undefined {
  if (!candidate) return undefined;
  const { published, psshBoxes, moofBytes } = candidate;
  const plan = layOut(psshBoxes);
  const isSame =
    plan.sizeBytes === published.file.bytes &&
    plan.fragmentCount === moofBytes.length &&
    moofBytes.every((at, fragment) => at === plan.firstSampleRange(fragment).startBytes);
  return isSame ? { published, plan } : undefined;
}
