import { join } from 'node:path';
import { kindOfPath } from '../../bytes/files.js';
import { namesIn } from '../../bytes/output-directory.js';
import { SCHEME_SUFFIXES } from './schemes.js';
import type { PackageState } from './state.js';
import type { Title } from './title.js';

const suffixOf = (mediaVersion: number) => (mediaVersion === 1 ? '' : `.v${mediaVersion}`);

/** How the names of a track's files begin. */
export const baseNamesOf = (mediaVersion: number) => (id: string) => `${id}${suffixOf(mediaVersion)}`;

/** A number that no file or folder in the folder has in its name: not those that are there, and none that was there before. */
export function freeVersion(title: Title, outDir: string, former: PackageState | undefined): number {
  const ends = ['', '.mp4', '.vtt', '.ttml', '.m3u8', '.ismv', '.isma'];
  const isTaken = (suffix: string) =>
    idsOf(title).some((id) => ends.some((end) => kindOfPath(join(outDir, `${id}${suffix}${end}`))));
  let version = (former?.mediaVersion ?? 0) + 1;
  while (isTaken(suffixOf(version))) version++;
  return version;
}

/** Files and folders under versions that were never published: a run that was killed has left them. */
export function abandonedNames(title: Title, outDir: string, from: number, end: number): string[] {
  const versions = Array.from({ length: end - from }, (_, i) => baseNamesOf(from + i));
  const bases = idsOf(title).flatMap((id) => versions.map((baseOf) => baseOf(id)));
  const isAbandoned = (name: string) =>
    isSmoothFolder(name, from, end) ||
    bases.some((base) => name === base || name.startsWith(`${base}.`) || name.startsWith(`${base}-`));
  return bases.length === 0 ? [] : namesIn(outDir).filter(isAbandoned);
}

/** Fragments of Smooth Streaming under such a version, which is the last part of a rate. */
function isSmoothFolder(name: string, from: number, end: number): boolean {
  const [, rate] = /^QualityLevels\((\d+)\)$/.exec(name) ?? [];
  const version = (Number(rate) % 1000) + 1;
  return rate !== undefined && version >= from && version < end;
}

/** What names of files begin with, in whatever schemes. */
function idsOf({ tracks, texts, thumbnails }: Title): string[] {
  const media = tracks.flatMap(({ id }) => SCHEME_SUFFIXES.map((suffix) => `${id}${suffix}`));
  return [...media, ...[...texts, ...(thumbnails ? [thumbnails] : [])].map(({ id }) => id)];
}
