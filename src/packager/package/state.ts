import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { SequenceSource } from '../../bytes/file-sequence.js';
import { kindOfPath, readTextFile, stateOfFile, stateOfInput } from '../../bytes/files.js';
import { Fingerprint, isFingerprintKey } from '../../bytes/fingerprint.js';
import { isRemote } from '../../bytes/input.js';
import { namesIn } from '../../bytes/output-directory.js';
import { isS3Url } from '../../bytes/s3/location.js';
import { nameBelow } from '../../settings/paths.js';
import { fingerprintOf, hasFingerprint, sourceHasFingerprint } from '../execute/fingerprint.js';
import type { FingerprintThread } from '../execute/fingerprint-thread.js';
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
  /** 64 hexadecimal digits; of a folder: of its files, one behind the other. Absent in states of version 1: the file counts as another. */
  readonly fingerprint?: string;
  /** Of a folder: the sizes of its files in bytes by their names, in their order. */
  readonly files?: Readonly<Record<string, number>>;
}

/** A track of the presentation. */
export interface PublishedTrack {
  /** Of its file or folder; of subtitles of the whole file. */
  readonly name: string;
  /** SHA-256 of the input's fingerprint and of all else that its bytes follow from, but for random IVs. Absent: it is made again each time. */
  readonly madeOf?: string;
  /** What manifests say of it, and its files do not. */
  readonly language?: string;
  readonly role?: string;
  readonly label?: string;
  /** Name of the track whose sync samples it has. */
  readonly trickPlayOf?: string;
}

const VERSION = 2;

/** How a presentation was made. */
export interface PackageState {
  /** Of this file. */
  readonly version: typeof VERSION;
  readonly contentId: string;
  /**
   * Of all fingerprints, 32 hexadecimal digits: the same in all versions of the folder, so that what it is made of can be compared. Absent in
   * states of version 1.
   */
  readonly fingerprintKey?: string;
  /** SHA-256 of the names and fingerprints of the inputs; absent where manifests alone were made. */
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

/** All files that a title is made of, in the order in which their fingerprints are taken. */
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

/** SHA-256 over the names and fingerprints of files, in their order: 64 hexadecimal digits. */
export async function inputsDigest(
  paths: readonly string[],
  fingerprints: InputFingerprints,
): Promise<string> {
  const inputs: [name: string, fingerprint: string][] = [];
  for (const path of paths) inputs.push([basename(path), await fingerprints.of(path)]);
  return sha256Of(JSON.stringify(inputs));
}

/** Fingerprints of inputs, each read once. */
export class InputFingerprints {
  /** 32 hexadecimal digits. */
  readonly key: string;
  readonly #signal: PackageOptions['signal'];
  readonly #thread: FingerprintThread | undefined;
  readonly #known = new Map<string, Promise<string>>();

  /** @param thread takes them; this one by default */
  constructor(key: string, signal: PackageOptions['signal'], thread?: FingerprintThread) {
    this.key = key;
    this.#signal = signal;
    this.#thread = thread;
  }

  /**
   * These, or others under the key of a state that has come into the folder meanwhile.
   * @param key undefined for a state that no fingerprint can be compared with
   */
  under(key = this.key): InputFingerprints {
    return key === this.key ? this : new InputFingerprints(key, this.#signal, this.#thread);
  }

  /** Lets the thread take those of files that are asked for later, in this order. */
  begin(paths: readonly string[]): void {
    if (this.#thread) for (const path of paths) this.of(path);
  }

  /** @returns 64 hexadecimal digits */
  of(path: string): Promise<string> {
    const known =
      this.#known.get(path) ??
      (isRemote(path) ? undefined : this.#thread?.fingerprintOf(path, this.key)) ??
      fingerprintOf(path, this.key, this.#signal);
    this.#known.set(path, known);
    return known;
  }
}

/**
 * A small file of the presentation, or a folder of them.
 * @param key of the fingerprint
 */
export function publishedFile({ name, bytes, files }: SmallFile, key: string): PublishedFile {
  const sizes = files && Object.fromEntries(files.map((file) => [file.name, file.sizeBytes]));
  const fingerprint = new Fingerprint(key);
  fingerprint.update(bytes);
  return { name, bytes: bytes.length, fingerprint: fingerprint.digest(), ...(sizes && { files: sizes }) };
}

/** 64 hexadecimal digits. */
export function sha256Of(text: string): string {
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
  return { version: VERSION, ...state, replaced };
}

export function stateText(state: PackageState): string {
  return `${JSON.stringify(state, undefined, 2)}\n`;
}

/** What an earlier run says of a folder or a prefix; undefined where there was none. */
export async function readState(outDir: string): Promise<PackageState | undefined> {
  const path = nameBelow(outDir, STATE_FILE);
  return (await stateOfInput(path)) ? parseState(await readTextFile(path)) : undefined;
}

/** The paths of all files that an earlier run has published in a folder, within it, with slashes. */
export async function publishedPaths(outDir: string): Promise<readonly string[]> {
  const { files = [] } = (await readState(outDir)) ?? {};
  return files.flatMap(({ name, files: own }) =>
    own ? Object.keys(own).map((segment) => `${name}/${segment}`) : [name],
  );
}

/** @returns undefined for another file of this name */
export function parseState(text: string): PackageState | undefined {
  try {
    const state = JSON.parse(text);
    if (!isState(state)) return undefined;
    return state.version === VERSION ? state : withoutDigests(state);
  } catch {
    return undefined;
  }
}

/** States of version 1 have the SHA-256 of each file in place of fingerprints: their files count as others, and are those to replace. */
function withoutDigests({ files, ...state }: PackageState): PackageState {
  return {
    ...state,
    version: VERSION,
    files: files.map(({ name, bytes, files: own }) => ({ name, bytes, ...(own && { files: own }) })),
  };
}

function isState(
  value: (Omit<Partial<PackageState>, 'version'> & { readonly version?: unknown }) | null,
): value is PackageState {
  return (
    (value?.version === 1 || (value?.version === VERSION && isFingerprintKey(value.fingerprintKey))) &&
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

/** Works on what is published in a folder; of a prefix, on a copy of it. */
export async function withPublished<R>(
  outDir: string,
  signal: AbortSignal | undefined,
  work: (folder: string) => Promise<R>,
): Promise<R> {
  if (!isS3Url(outDir)) return work(outDir);
  const { S3Folder } = await import('../../bytes/s3/s3-folder.js');
  const copy = await S3Folder.open(outDir, signal);
  try {
    await copy.copy(STATE_FILE, publishedPaths, signal);
    return await work(copy.path);
  } finally {
    copy.close();
  }
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
  { bytes, fingerprint }: PublishedFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (fingerprint === undefined || stateOfFile(path)?.bytes !== bytes) return false;
  return hasFingerprint(path, fingerprint, signal);
}

async function isFolderThere(
  path: string,
  { files = {}, fingerprint }: PublishedFile,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (fingerprint === undefined) return false;
  const paths = Object.keys(files).map((name) => join(path, name));
  const sizes = Object.values(files);
  if (!paths.every((one, i) => stateOfFile(one)?.bytes === sizes[i])) return false;
  const source = new SequenceSource(path, paths);
  try {
    return await sourceHasFingerprint(source, fingerprint, signal);
  } finally {
    source.close();
  }
}
