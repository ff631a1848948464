import type { AbortSignal } from '../../bytes/platform.js';
import type { ErrorDetails } from '../../errors.js';
import type { KeyLookup, KeySource } from '../../keys/key-source.js';
import type { KeyStore } from '../../keystore/key-store.js';
import type { TitleOptions } from '../package/types.js';
import type { EncryptOptions, Progress, Threads, Timings } from '../types.js';

/** What can be said of every job on its own. Plain data. */
export type BatchSettings = BatchEncryptSettings & {
  /** Where the keys of encrypted input are found, for `openDecryptKeys`: `store`, the path of a key file, `cpix:…`, … */
  readonly decryptKeys?: string;
};

type BatchEncryptSettings = Pick<
  EncryptOptions,
  | 'keyPer'
  | 'policy'
  | 'tracks'
  | 'layout'
  | 'fragmentDurationSeconds'
  | 'scheme'
  | 'pattern'
  | 'clearLeadSeconds'
  | 'cryptoPeriodSeconds'
  | 'ivSize'
  | 'systems'
  | 'playready'
  | 'extraPssh'
>;

/** Where keys come from that the key store does not have: one source for all contents, or one for each. */
export type BatchKeys = KeySource | ((contentId: string) => Promise<KeySource>);

export interface BatchOptions {
  /** A manifest (`.json`, `.jsonl`, `.ndjson`, `.csv`), a folder, a pattern for paths, one media file, or one title file (`.yaml`). */
  readonly source: string;
  /** Folder of the outputs; made when it is missing. */
  readonly outDir: string;
  /** Names of outputs: `{name}`, `{ext}`, `{dir}` and `{contentId}` are replaced. Default `{name}.enc.mp4`, and `{name}` for titles. */
  readonly name?: string;
  /** Jobs at a time, 1 to 64; each has a thread of its own when there are several. Default: one a core. */
  readonly jobs?: number;
  /** Threads that write one file. Default: 1 where there are as many jobs as cores, else `auto`. */
  readonly threads?: Threads;
  /** Results file, which is added to. Default `prpack-results.jsonl` in `outDir`, or `prpack-results.I-of-N.jsonl` of a shard. */
  readonly results?: string;
  /** `I/N`: do the I-th of N parts alone, counted from 0. Contents are divided by their ids, the same way on every machine. */
  readonly shard?: string;
  /** Skip what the results file and the key store prove done. Default false. */
  readonly resume?: boolean;
  /** Plan every job, and write nothing: no output, no key, no results file. Default false. */
  readonly dryRun?: boolean;
  /** Replace existing outputs. Default false. */
  readonly force?: boolean;
  /** What holds for every job that does not say otherwise. */
  readonly settings?: BatchSettings;
  /** As `EncryptOptions.keys`, for all jobs, or made for each content id. Needed where there is no key store. */
  readonly keys?: BatchKeys;
  /** Where all keys are registered. */
  readonly keyStore?: KeyStore;
  /**
   * Opens what `decryptKeys` of the settings and of a manifest names; called once for each name. Default: `openKeyLookup` with the key store.
   */
  readonly openDecryptKeys?: (source: string) => Promise<KeyLookup>;
  /** Stops the batch: no job is begun any more, and those in flight are stopped. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: BatchEvent) => void;
}

/** What happens in a batch, as it happens. */
export type BatchEvent =
  | { readonly kind: 'planned'; readonly run: string; readonly total: number }
  /** `id` is that of the job in the results file, and in the logs of a key server. */
  | { readonly kind: 'started'; readonly job: number; readonly id: string; readonly input: string }
  | { readonly kind: 'progress'; readonly job: number; readonly progress: Progress }
  | ({ readonly kind: 'keys'; readonly job: number; readonly id: string } & KeyOperation)
  | {
      readonly kind: 'ended';
      readonly job: number;
      readonly line: ResultLine;
      /** Absent where nothing was encrypted, and where a worker did it. */
      readonly work?: JobWork;
      /** Jobs that have ended so far, this one included. */
      readonly ended: number;
      readonly total: number;
    };

/** Keys of a job that the key store was given: new to it, there already, or refused because of another key. */
export interface KeyOperation {
  readonly outcome: 'created' | 'reused' | 'conflict';
  readonly count: number;
  /** Of the call of the key store, with what it waited for others. */
  readonly elapsedMs: number;
}

/** What a job encrypted, and how long it took. */
export interface JobWork {
  readonly tracks: number;
  /** Absent for titles. */
  readonly samples?: number;
  readonly timings: Timings;
}

/** One file to encrypt, or one title to package. */
export interface Job {
  /** Absolute. Of a title: its file, or its first input. */
  readonly input: string;
  /** Absolute. Of a title: its folder. */
  readonly output: string;
  readonly contentId: string;
  readonly settings: BatchSettings;
  /** Of a title: what `packageTitle` takes; the settings are among it. Plain data. */
  readonly title?: Omit<TitleOptions, 'outDir' | 'contentId'>;
}

/** What distinguishes one state of an input from another. Of a title: of all of its inputs. */
export interface InputFingerprint {
  readonly bytes: number;
  /** Time of the last change, in milliseconds since 1970. */
  readonly mtimeMs: number;
  /**
   * Fingerprint of the whole file, or SHA-256 of the names and fingerprints of all inputs of a title, 64 hexadecimal digits; absent where the
   * job failed.
   */
  readonly digest?: string;
}

/** A line of the results file: how one job ended in one run. Never a key. */
export interface ResultLine {
  /** The same for all lines of a run. */
  readonly run: string;
  /** Of the job, in logs, too: the run in which it was begun, and its number there. */
  readonly id: string;
  readonly status: 'done' | 'skipped' | 'failed';
  /** Absolute. */
  readonly input: string;
  /** Absolute. */
  readonly output: string;
  readonly contentId: string;
  /** SHA-256 over everything that was asked for besides the input, 64 hexadecimal digits. */
  readonly settingsSha256: string;
  /** Absent where the input could not be looked at. */
  readonly fingerprint?: InputFingerprint;
  /** Of the output, as is what follows: absent where the job failed. */
  readonly bytes?: number;
  /** 64 hexadecimal digits. Of a title: of its `prpack.json`, which has those of all files. */
  readonly outputFingerprint?: string;
  readonly kids?: readonly string[];
  /** True when the output was there already, made of the same input with the same keys and settings. */
  readonly unchanged?: boolean;
  readonly warnings?: readonly string[];
  /** The whole error: code, message, and what it says of place and remedy. */
  readonly error?: { readonly code: string; readonly message: string } & ErrorDetails;
  /** RFC 3339 UTC. */
  readonly startedAt: string;
  readonly elapsedMs: number;
}

export interface BatchResult {
  /** The run's name in the results file. */
  readonly run: string;
  /** True when nothing was written because none was asked for: `done` are the jobs that could be. */
  readonly dryRun: boolean;
  /** Path of the results file. */
  readonly results: string;
  readonly total: number;
  /** Jobs that encrypted their file, or found it encrypted by an earlier run (`unchanged`). */
  readonly done: number;
  readonly unchanged: number;
  /** Jobs that an earlier run has done, by the proof of the results file. */
  readonly skipped: number;
  readonly failed: number;
  /** Jobs that were not begun because the batch was stopped. */
  readonly notStarted: number;
  /** Number of failed jobs by error code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Sizes of all outputs of `done` jobs. */
  readonly bytes: number;
  readonly elapsedMs: number;
  /** What the command line exits with: 0, the code that all failures share, else 3; 130 when the batch was stopped. */
  readonly exitCode: number;
  readonly warnings: readonly string[];
}
