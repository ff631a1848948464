import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { SequenceSource } from '../../bytes/file-sequence.js';
import { kindOfPath, readTextFile, stateOfFile } from '../../bytes/files.js';
import { namesIn } from '../../bytes/output-directory.js';
import { fingerprintOf, fingerprintOfSource } from '../execute/fingerprint.js';
import type { HashThread } from '../execute/hash-thread.js';
import { cueFilesOf, cueTimesOf } from './cues.js';
import type { TitleJob } from './folder-plan.js';
import type { SmallFile } from './planned-text.js';
import type { Title } from './title.js';
import { isSegmentName } from './track-addressing.js';
import type { PackageOptions } from './types.js';

/** Name of the file that says how a presentation was made: never a key. */
export const STATE_FILE = 'prpack.json';

/** A file of the presentation, or a folder with the segments of a track, as it was published. */
export interface PublishedFile {
  readonly name: string;
  readonly bytes: number;
  /** 64 hexadecimal digits; of a folder: of its files, one behind the other. */
  readonly sha256: string;
  /** Of a folder: the sizes of its files in bytes by their names, in their order. */
  readonly files?: Readonly<Record<string, number>>;
}

/** A track of the presentation. */
export interface PublishedTrack {
  /** Of its file or folder; of subtitles of the whole file. */
  readonly name: string;
  /** SHA-256 of all that its bytes follow from, but for random IVs. Absent: it is made again each time. */
  readonly madeOf?: string;
  /** What manifests say of it, and its files do not. */
  readonly language?: string;
  readonly role?: string;
  readonly label?: string;
  /** Name of the track whose sync samples it has. */
  readonly trickPlayOf?: string;
}

/** How a presentation was made. */
export interface PackageState {
  /** Of this file. */
  readonly version: 1;
  readonly contentId: string;
  /** SHA-256 of the inputs with their names; absent where manifests alone were made. */
  readonly inputs?: string;
  /** SHA-256 of inputs, options and KIDs. */
  readonly job: string;
  /** How often the media of this folder was made: from the second time on, the number is part of its names. */
  readonly mediaVersion: number;
  readonly files: readonly PublishedFile[];
  /** What the media of later versions can go on using. Absent in states of before that was recorded. */
  readonly tracks?: readonly PublishedTrack[];
  /** Files of the presentation before: they are removed when this one is in place. */
  readonly replaced: readonly string[];
}

/** What of the options changes the output. */
const OPTIONS_THAT_MATTER = [
  'scheme',
  'schemes',
  'pattern',
  'ivSize',
  'systems',
  'widevineProvider',
  'widevinePolicy',
  'playready',
  'contentId',
  'describe',
  'text',
  'thumbnails',
  'keyPer',
  'segmentDurationSeconds',
  'fragmentDurationSeconds',
  'fairplayUri',
  'addressing',
  'smooth',
  'trickPlay',
] as const;

/** What distinguishes what a presentation is made of. Each 64 hexadecimal digits. */
export interface JobDigests {
  /** Of the inputs with their names. */
  readonly inputs: string;
  /** Of inputs, options and keys. */
  readonly job: string;
}

/** What a presentation is made of: the same for the same inputs, options and keys. */
export async function jobDigests(
  { title, keys, contentId }: TitleJob,
  options: PackageOptions,
  fingerprints: InputFingerprints,
): Promise<JobDigests> {
  const inputs = await inputsDigest(pathsOfTitle(title, options), fingerprints);
  const chosen = [
    ...OPTIONS_THAT_MATTER.map((name) => [name, options[name]]),
    ['cues', cueTimesOf(options.cues)], // of files counts what is in them, as of inputs
  ];
  const named = keys.map(({ kid, signalling = [] }) => (signalling.length > 0 ? [kid, signalling] : kid));
  return { inputs, job: sha256Of(JSON.stringify([inputs, chosen, named, contentId])) };
}

/** All files that a title is made of, in the order in which they are hashed. */
export function inputPathsOf(
  inputs: readonly { readonly path: string }[],
  sheetPaths: readonly string[],
  { cues }: Pick<PackageOptions, 'cues'>,
): string[] {
  return [...inputs.map(({ path }) => path), ...sheetPaths, ...cueFilesOf(cues)];
}

/** Those of a title that is open. */
export function pathsOfTitle({ inputs, thumbnails }: Title, options: PackageOptions): string[] {
  const sheets = thumbnails?.sheets ?? [];
  return inputPathsOf(
    inputs,
    sheets.map(({ path }) => path),
    options,
  );
}

/** SHA-256 over the names of files and what is in them, in their order: 64 hexadecimal digits. */
export async function inputsDigest(
  paths: readonly string[],
  fingerprints: InputFingerprints,
): Promise<string> {
  const inputs: [name: string, sha256: string][] = [];
  for (const path of paths) inputs.push([basename(path), await fingerprints.of(path)]);
  return sha256Of(JSON.stringify(inputs));
}

/** SHA-256 of inputs, each read once. */
export class InputFingerprints {
  readonly #signal: PackageOptions['signal'];
  readonly #thread: HashThread | undefined;
  readonly #known = new Map<string, Promise<string>>();

  /** @param thread hashes them; this one by default */
  constructor(signal: PackageOptions['signal'], thread?: HashThread) {
    this.#signal = signal;
    this.#thread = thread;
  }

  /** Lets the thread hash files that are asked for later, in this order. */
  begin(paths: readonly string[]): void {
    if (this.#thread) for (const path of paths) this.of(path);
  }

  /** @returns 64 hexadecimal digits */
  of(path: string): Promise<string> {
    const known =
      this.#known.get(path) ?? this.#thread?.fingerprintOf(path) ?? fingerprintOf(path, this.#signal);
    this.#known.set(path, known);
    return known;
  }
}

/** A small file of the presentation, or a folder of them. */
export function publishedFile({ name, bytes, files }: SmallFile): PublishedFile {
  const sizes = files && Object.fromEntries(files.map((file) => [file.name, file.sizeBytes]));
  return { name, bytes: bytes.length, sha256: sha256Of(bytes), ...(sizes && { files: sizes }) };
}

/** 64 hexadecimal digits. */
export function sha256Of(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * @param former what the folder held before
 * @param abandoned files that a run which was killed has left
 */
export function newState(
  state: Omit<PackageState, 'version' | 'replaced'>,
  former: PackageState | undefined,
  abandoned: readonly string[] = [],
): PackageState {
  const names = new Set([STATE_FILE, ...state.files.map(({ name }) => name)]);
  const before = former ? [...former.files.map(({ name }) => name), ...former.replaced] : [];
  const replaced = [...before, ...abandoned].filter((name) => !names.has(name));
  return { version: 1, ...state, replaced };
}

export function stateText(state: PackageState): string {
  return `${JSON.stringify(state, undefined, 2)}\n`;
}

/** What an earlier run says of a folder; undefined where there was none. */
export async function readState(outDir: string): Promise<PackageState | undefined> {
  const path = join(outDir, STATE_FILE);
  return stateOfFile(path) ? parseState(await readTextFile(path)) : undefined;
}

/** @returns undefined for another file of this name */
export function parseState(text: string): PackageState | undefined {
  try {
    const state = JSON.parse(text);
    return isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isState(value: Partial<PackageState> | null): value is PackageState {
  return (
    value?.version === 1 &&
    Number.isSafeInteger(value.mediaVersion) &&
    Array.isArray(value.files) &&
    value.files.every((file) => isFileName(file?.name) && Object.keys(file.files ?? {}).every(isFileName)) &&
    Array.isArray(value.replaced) &&
    value.replaced.every(isFileName) &&
    (value.tracks === undefined || areTracks(value.tracks))
  );
}

function areTracks(value: unknown): boolean {
  return Array.isArray(value) && value.every((track) => isFileName(track?.name));
}

/** Files are removed by these names: none leads out of the folder. */
function isFileName(name: unknown): boolean {
  return typeof name === 'string' && name !== '' && !/^\.\.?$|[/\\\0]/.test(name);
}

/** What of a presentation is to be removed, within the folder: of a folder of segments, those and then the folder. */
export function pathsBelow(outDir: string, name: string): string[] {
  if (kindOfPath(join(outDir, name)) !== 'folder') return [name];
  const segments = namesIn(join(outDir, name)).filter(isSegmentName);
  return [...segments.map((segment) => join(name, segment)), name];
}

/** Whether every file is still there as it was published. */
export async function isAllThere(
  outDir: string,
  { files }: PackageState,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const file of files) if (!(await isThere(outDir, file, signal))) return false;
  return true;
}

/** Whether a file or folder is still there as it was published. */
export function isThere(
  outDir: string,
  file: PublishedFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return (file.files ? isFolderThere : isFileThere)(join(outDir, file.name), file, signal);
}

async function isFileThere(
  path: string,
  { bytes, sha256 }: PublishedFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return stateOfFile(path)?.bytes === bytes && (await fingerprintOf(path, signal)) === sha256;
}

async function isFolderThere(
  path: string,
  { files = {}, sha256 }: PublishedFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const paths = Object.keys(files).map((name) => join(path, name));
  const sizes = Object.values(files);
  if (!paths.every((one, i) => stateOfFile(one)?.bytes === sizes[i])) return false;
  const source = new SequenceSource(path, paths);
  try {
    return (await fingerprintOfSource(source, signal)) === sha256;
  } finally {
    source.close();
  }
}
