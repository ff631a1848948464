import type { AbortSignal } from '../../bytes/platform.js';
import type { PlayReadyOptions, SignalledSystem } from '../../protection/types.js';
import type { PackagedTrack, TrackDescription } from '../package/types.js';
import type { Progress, Timings } from '../types.js';

export interface ManifestOptions {
  /** Media that is packaged already, and subtitles: paths of files, and of folders with such files. All lie in `outDir` or below. */
  readonly inputs: readonly string[];
  /** Folder of the manifests: they refer to the inputs from there. */
  readonly outDir: string;
  /** By the path or the name of an input. */
  readonly describe?: Readonly<Record<string, TrackDescription>>;
  /**
   * Shortest duration of a segment of HLS within a file: parts that the index of the file lists are joined until then. Default: each is a
   * segment.
   */
  readonly segmentDurationSeconds?: number;
  /** Systems to name: as the files have them, else made from the KIDs. Default: those that the files have. `fairplay` only with `cbcs`. */
  readonly systems?: readonly SignalledSystem[];
  /** The PlayReady header of each KID, in place of those in the files. */
  readonly playready?: PlayReadyOptions;
  /** Content id in Widevine headers that are made. Default: none. */
  readonly contentId?: string;
  /** URI of FairPlay's key in HLS, with `{kid}` for the KID in hexadecimal. Only with `cbcs`. */
  readonly fairplayUri?: string;
  /** Replace manifests that are there. Default false. */
  readonly force?: boolean;
  /** Plan only: nothing is written. Default false. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One representation of the presentation. Its `file` is from `outDir`; of a track in segments it is that of the header. */
export interface ManifestTrack extends PackagedTrack {
  /** Of encrypted tracks. */
  readonly scheme?: 'cenc' | 'cbcs';
  /** How many segments players load; absent for subtitles that are one file. */
  readonly segments?: number;
}

export interface ManifestResult {
  readonly outDir: string;
  readonly durationSeconds: number;
  readonly tracks: readonly ManifestTrack[];
  /** Names and, for a dry run, texts of the manifests. */
  readonly manifests: readonly { readonly file: string; readonly text?: string }[];
  readonly timings: Timings;
  readonly warnings: readonly string[];
  /** True when these very manifests were there already. */
  readonly unchanged: boolean;
  readonly dryRun: boolean;
}
