import { basename } from 'node:path';
import { readTextFile } from '../../bytes/files.js';
import { aboutFile } from '../../errors.js';
import type { Role } from '../../manifest/presentation.js';
import { srtToWebVtt } from '../../manifest/srt.js';
import { cutWebVtt, parseWebVtt, type WebVtt, writeWebVtt } from '../../manifest/webvtt.js';
import type { PackageInput } from './inputs.js';
import { languageTag } from './language.js';
import { nameParts } from './names.js';
import type { TrackDescription } from './types.js';

/** Subtitles, always clear. */
export interface TextTrack {
  readonly input: string;
  readonly id: string;
  readonly language?: string;
  readonly role?: Role;
  readonly label?: string;
  /** The whole file. */
  readonly whole: { readonly extension: '.vtt' | '.ttml'; readonly text: string };
  readonly webVtt?: WebVtt;
}

/**
 * Reads subtitles; SRT becomes WebVTT.
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE, MALFORMED_INPUT
 */
export async function readText(
  { path, kind }: PackageInput,
  { lang, role, name }: TrackDescription,
  id: (language: string | undefined, role: string | undefined) => string,
): Promise<TextTrack> {
  const text = await readTextFile(path);
  const named = nameParts(basename(path));
  const language = (lang === undefined ? undefined : languageTag(lang)) ?? named.language;
  const ownRole = (role as Role | undefined) ?? named.role;
  const ownId = id(language, ownRole);
  const webVtt =
    kind === 'ttml' ? undefined : atFile(path, () => parseWebVtt(kind === 'srt' ? srtToWebVtt(text) : text));
  return {
    input: path,
    id: ownId,
    ...(language !== undefined && { language }),
    ...(ownRole !== undefined && { role: ownRole }),
    ...(name !== undefined && { label: name }),
    whole: webVtt ? { extension: '.vtt', text: writeWebVtt(webVtt) } : { extension: '.ttml', text },
    ...(webVtt && { webVtt }),
  };
}

/** The files of the segments of HLS, by their number. */
export function segmentTexts({ webVtt }: TextTrack, boundariesSeconds: readonly number[]): string[] {
  return webVtt ? cutWebVtt(webVtt, boundariesSeconds) : [];
}

/** Does what may find a fault in a file, and names the file then. */
export function atFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw aboutFile(error, path);
  }
}
