import { prettyPlayReadyHeader } from '../../drm/playready/pretty.js';

/** What the page shows of a track. */
export interface PlayedTrack {
  readonly id: number;
  readonly type: string;
  readonly codec: string;
  readonly encrypted: boolean;
  readonly kid?: string;
  readonly scheme?: string;
  readonly ivSize?: number;
  readonly samples: number;
  readonly durationSeconds: number;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly sampleRateHz?: number;
  readonly language?: string;
}

/** What the page shows of a `pssh` box. */
export interface PlayedPssh {
  readonly systemId: string;
  readonly name: string;
  readonly keyIds: readonly string[];
  readonly location: string;
  readonly problem?: string;
  readonly playready?: {
    readonly version: string;
    readonly laUrl?: string;
    readonly keys: readonly {
      readonly kid: string;
      readonly algId?: string;
      readonly checksum?: string;
      readonly checksumMatches?: boolean;
    }[];
    readonly xml: string;
  };
}

/** A file as it was inspected. */
export interface PlayedFile {
  readonly path: string;
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly layout: 'progressive' | 'fragmented';
  readonly fragments: number;
  readonly tracks: readonly PlayedTrack[];
  readonly pssh: readonly PlayedPssh[];
  readonly warnings: readonly string[];
}

/** How the page plays the file: through Media Source Extensions, as it is, or not at all. */
export type Playback =
  | { readonly mode: 'mse' | 'src'; readonly mime: string }
  | {
      readonly mode: 'none';
      readonly reason: string;
      /** Commands that make a file that plays. */
      readonly commands: readonly string[];
    };

/** Everything the page is given. No key. */
export interface PageData {
  readonly file: Omit<PlayedFile, 'path'> & { readonly name: string };
  readonly playback: Playback;
  /** KIDs that tracks are encrypted under. */
  readonly kids: readonly string[];
  /** Where licenses come from, such as the location of the key store. */
  readonly keysFrom: string;
}

export function pageData(file: PlayedFile, keysFrom: string): PageData {
  const { path, pssh, ...facts } = file;
  const kids = file.tracks.flatMap(({ kid }) => (kid === undefined ? [] : [kid]));
  return {
    file: { ...facts, name: baseName(path), pssh: pssh.map(withPrettyXml) },
    playback: playbackOf(file),
    kids: [...new Set(kids)],
    keysFrom,
  };
}

/** Browsers decrypt what Media Source Extensions are fed with, which are fragments; what they are given as `src` they do not decrypt. */
function playbackOf({ path, layout, tracks }: PlayedFile): Playback {
  const played = tracks.filter(({ type }) => type === 'video' || type === 'audio');
  const kind = played.some(({ type }) => type === 'video') ? 'video' : 'audio';
  const mime = `${kind}/mp4; codecs="${played.map(({ codec }) => codec).join(',')}"`;
  if (played.length === 0) return { mode: 'none', reason: 'It has neither video nor audio.', commands: [] };
  if (layout === 'fragmented') return { mode: 'mse', mime };
  if (!played.some(({ encrypted }) => encrypted)) return { mode: 'src', mime };
  const name = baseName(path).replace(/\.[^.]*$/, '');
  const [clear, fragmented] = [`${name}.clear.mp4`, `${name}.fragmented.mp4`].map(shellQuoted);
  return {
    mode: 'none',
    reason:
      'It is encrypted and progressive: one moov describes the whole file. Browsers decrypt only what they are fed fragment by fragment. These commands make a fragmented file of it:',
    commands: [
      `prpack decrypt ${shellQuoted(path)} ${clear}`,
      `prpack encrypt ${clear} ${fragmented} --layout fragmented`,
      `prpack play ${fragmented}`,
    ],
  };
}

function withPrettyXml(pssh: PlayedPssh): PlayedPssh {
  if (!pssh.playready) return pssh;
  return { ...pssh, playready: { ...pssh.playready, xml: prettyPlayReadyHeader(pssh.playready.xml) } };
}

function baseName(path: string): string {
  return path.replace(/^.*[/\\]/s, '');
}

/** A word of a POSIX shell command. */
function shellQuoted(text: string): string {
  return /^[\w./@:+-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
