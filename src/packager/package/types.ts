import type { AbortSignal } from '../../bytes/platform.js';
import type { SchemeName } from '../../cenc/scheme.js';
import type { KeySource } from '../../keys/key-source.js';
import type { PackagerKeyStore } from '../../keystore/key-store.js';
import type { ProtectionOptions } from '../../protection/types.js';
import type { KeyPer, Progress, Threads, Timings } from '../types.js';

/** What is said of an input, above what it says of itself. */
export interface TrackDescription {
  /** RFC 5646. */
  readonly lang?: string;
  /** `main`, `alternate`, `dub`, `commentary`, `subtitle`, `caption`, `forced-subtitle` or `description`. */
  readonly role?: string;
  /** Name for people. */
  readonly name?: string;
}

export interface PackageOptions extends Omit<ProtectionOptions, 'scheme' | 'extraPssh'> {
  /** Media and subtitles: paths of files, and of folders with such files. */
  readonly inputs: readonly string[];
  /** Folder of the presentation; it appears whole or not at all. */
  readonly outDir: string;
  /** By the path or the name of an input. */
  readonly describe?: Readonly<Record<string, TrackDescription>>;
  /**
   * Subtitles for DASH as files of `webvtt` (the default) and TTML, or in `mp4`. HLS has files of WebVTT in both cases, and TTML only
   * in MP4.
   */
  readonly text?: 'webvtt' | 'mp4';
  /**
   * Where ads may go: times in seconds, and files of JSON that list `time` in seconds, and `duration`, `id` and `scte35` where they are known.
   * A segment begins at each, and where it ends. Default: none.
   */
  readonly cues?: string | readonly (number | string)[];
  /**
   * Sheets of tiles for fast forward and rewind: `<sheets>:<columns>x<rows>[:<seconds of a tile>]`, where `%d` or `%03d` in the name of
   * sheets stands for their numbers. Without seconds, all tiles together show as long as the title lasts. Default: none.
   */
  readonly thumbnails?: string;
  /** Default `cenc`. */
  readonly scheme?: 'cenc' | 'cbcs';
  /** In place of `scheme`: everything in each of these, with different keys. */
  readonly schemes?: readonly ('cenc' | 'cbcs')[];
  /** Where KIDs and content keys come from, as for `encrypt`. */
  readonly keys?: KeySource | ((contentId: string) => Promise<KeySource>);
  /** Tracks that share a key: default those of one type; with `smooth` all. */
  readonly keyPer?: KeyPer;
  readonly keyStore?: PackagerKeyStore;
  readonly policy?: Readonly<Record<string, unknown>>;
  readonly keysOut?: string;
  /** URI of FairPlay's key in HLS, with `{kid}` for the KID in hexadecimal. Only with `cbcs`. Default: no FairPlay. */
  readonly fairplayUri?: string;
  /** `files`: one file a track, with an index. `segments`: a folder a track, with one file a segment. Default `files`. */
  readonly addressing?: 'files' | 'segments';
  /**
   * Add a set of video for fast forward and rewind to the MPD: the sync samples of the smallest rendition of each codec. HLS has I-frame
   * playlists in any case. Default false.
   */
  readonly trickPlay?: boolean;
  /** Smooth Streaming for old PlayReady clients, next to DASH and HLS. Only with `cenc`, and with one key. Default false. */
  readonly smooth?: boolean;
  /** Shortest duration of a segment; it ends where all renditions have a sync sample. Default 6. */
  readonly segmentDurationSeconds?: number;
  /** Shortest duration of a fragment. Default 2. */
  readonly fragmentDurationSeconds?: number;
  /** Put the presentation into a folder that is there, and replace its manifests. Default false. */
  readonly force?: boolean;
  /** Plan only: nothing is written. Default false. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly threads?: Threads;
}

/** What a title file says: all of {@link PackageOptions} that is a matter of the title itself. Paths are absolute. */
export interface TitleOptions
  extends Omit<
    PackageOptions,
    'outDir' | 'keys' | 'keyStore' | 'keysOut' | 'force' | 'dryRun' | 'signal' | 'onProgress' | 'threads'
  > {
  /** Absent where the file leaves it to others. */
  readonly outDir?: string;
}

/** One representation of the presentation. */
export interface PackagedTrack {
  readonly id: string;
  readonly type: 'video' | 'audio' | 'text' | 'thumbnails';
  /** Input that it comes from; of thumbnails, the first sheet. */
  readonly input: string;
  /** File in the folder, or the folder in it that holds the segments; of thumbnails, the first sheet. */
  readonly file: string;
  /** How many segments that folder has. */
  readonly segments?: number;
  /** Of the file, or all of the folder; of thumbnails, of all sheets. */
  readonly bytes: number;
  /** RFC 6381; absent for thumbnails, and for subtitles that are not in MP4. */
  readonly codec?: string;
  readonly language?: string;
  readonly role?: string;
  readonly label?: string;
  /** Of a picture; of thumbnails, of a tile. */
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly sampleRateHz?: number;
  /** Of a track for fast forward and rewind: the one whose sync samples it has. */
  readonly trickPlayOf?: string;
  readonly encrypted: boolean;
  /** Of encrypted tracks. */
  readonly scheme?: 'cenc' | 'cbcs';
  /** UUID text; of encrypted tracks. */
  readonly kid?: string;
  /** True when the presentation was made again and this media was not: it was there, made of the same input with the same options and key. */
  readonly reused?: boolean;
}

export interface PackageResult {
  readonly outDir: string;
  readonly contentId: string;
  /** The first of `schemes`. */
  readonly scheme: SchemeName;
  readonly schemes: readonly SchemeName[];
  readonly durationSeconds: number;
  readonly tracks: readonly PackagedTrack[];
  /** Names and, for a dry run, texts of the manifests. */
  readonly manifests: readonly { readonly file: string; readonly text?: string }[];
  /** Sum of all files. */
  readonly bytes: number;
  /** The key store that holds the keys; absent when they were not registered. */
  readonly keyStore?: string;
  readonly timings: Timings;
  readonly warnings: readonly string[];
  /** True when the presentation was there already, made of the same inputs with the same options. */
  readonly unchanged: boolean;
  readonly dryRun: boolean;
}
