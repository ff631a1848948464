import type { AbortSignal } from '../bytes/platform.js';
import type { SchemeName } from '../cenc/scheme.js';
import type { KeyLookup, KeySource } from '../keys/key-source.js';
import type { PackagerKeyStore } from '../keystore/key-store.js';
import type { ParsedPssh, ProtectionOptions, PsshReport, TrackSelector } from '../protection/types.js';

/**
 * How the output is laid out. `fragmented`: moov first, then moof+mdat pairs cut at sync samples, as Media
 * Source Extensions play it. `keep`: the input's own layout, with every untouched byte identical.
 */
export type Layout = 'fragmented' | 'keep';

/**
 * Which tracks share a content key: `none`: all do; `type`: audio, video; `track`: none do; `resolution`: the classes
 * AUDIO, SD, HD, UHD1, UHD2.
 */
export type KeyPer = 'none' | 'type' | 'track' | 'resolution';

export interface Progress {
  readonly phase: 'plan' | 'write' | 'check';
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** How many threads write one file: `auto` takes as many as are of use. */
export type Threads = number | 'auto';

interface JobOptions {
  /** Path of the input file, its http or https URL, or `s3://bucket/key`. */
  readonly input: string;
  /** Path of the output file, or `s3://bucket/key`; it appears whole or not at all. */
  readonly output: string;
  /** Replace an existing output. Default false. */
  readonly force?: boolean;
  /** Stops the job; it then throws ABORTED and leaves no output. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** 1 to 64 threads, or `auto` (the default): one for small files, else one a core, at most 4. */
  readonly threads?: Threads;
}

export interface EncryptOptions extends JobOptions, ProtectionOptions {
  /**
   * Where KIDs and content keys come from, or what says it for a content id. Default: the keys that the content id has in the key store; for those it
   * does not have yet, and without a store, new random ones.
   */
  readonly keys?: KeySource | ((contentId: string) => Promise<KeySource>);
  /**
   * Keys of protected input, which is decrypted and encrypted again in one pass, under other keys or another scheme. Tracks that are not
   * selected become clear. Not for streams as input. Default: protected input is refused.
   */
  readonly decryptKeys?: KeyLookup;
  /** Tracks that share a key: all (`none`, the default), or those of one type, track or resolution class. */
  readonly keyPer?: KeyPer;
  /** Where the keys are registered before the output appears. Without one, registering them is the caller's task. */
  readonly keyStore?: PackagerKeyStore;
  /** What the license server is to allow, registered with the keys: any JSON object. */
  readonly policy?: Readonly<Record<string, unknown>>;
  /** Write the keys used to this new file (mode 0600), in the format of key files, before the output appears. */
  readonly keysOut?: string;
  /** Tracks to encrypt. Default: every audio and video track. */
  readonly tracks?: readonly TrackSelector[];
  /** Default `fragmented`. */
  readonly layout?: Layout;
  /** Shortest duration of a fragment; it ends at the next sync sample. Default 2. */
  readonly fragmentDurationSeconds?: number;
  /** Seconds at the beginning that stay clear, rounded up to whole fragments. Default: none. Not with layout `keep`. */
  readonly clearLeadSeconds?: number;
  /** Key rotation: seconds after which the next key is used, from the next fragment on. Default: one key. Not with layout `keep`. */
  readonly cryptoPeriodSeconds?: number;
  /** Take the SHA-256 of the output, for whoever gets it. Default false. */
  readonly sha256?: boolean;
  /** Plan only: nothing is written. Default false. */
  readonly dryRun?: boolean;
}

export interface TrackReport {
  readonly id: number;
  /** `video`, `audio`, or the handler type of another track, such as `text`. */
  readonly type: string;
  /** RFC 6381 codec string where the codec has one, else the sample entry's fourcc. */
  readonly codec: string;
  readonly encrypted: boolean;
  /** UUID text; of the first key where keys rotate. Only of encrypted tracks, as `ivSize` and `protectedBytes`. */
  readonly kid?: string;
  /** Only where keys rotate: all KIDs, in order. */
  readonly kids?: readonly string[];
  /** Bytes of the per-sample IV: 8 or 16; 0 where the IV is constant. */
  readonly ivSize?: number;
  readonly samples: number;
  readonly protectedBytes?: number;
}

/** Milliseconds of wall time by stage. */
export interface Timings {
  readonly planMs: number;
  readonly writeMs: number;
  readonly checkMs: number;
  readonly totalMs: number;
}

interface JobResult {
  readonly input: string;
  readonly output: string;
  /** Size of the output. */
  readonly bytes: number;
  readonly durationSeconds: number;
  readonly layout: Layout;
  readonly tracks: readonly TrackReport[];
  readonly timings: Timings;
  readonly warnings: readonly string[];
}

export interface EncryptResult extends JobResult {
  /**
   * What distinguishes the output from other files, as the key store knows it: key and tag of a GMAC (NIST SP 800-38D; AES-128, a nonce of
   * 12 zero bytes), 64 hexadecimal digits. Absent without a key store, and for a dry run.
   */
  readonly fingerprint?: string;
  /** SHA-256 of the output, where it was asked for: 64 hexadecimal digits. Absent for a dry run. */
  readonly sha256?: string;
  readonly scheme: SchemeName;
  readonly pssh: readonly PsshReport[];
  /** Number of fragments of the output; 0 when it is progressive. */
  readonly fragments: number;
  /** What the keys are registered under. */
  readonly contentId: string;
  /** The key store that holds the keys; absent when they were not registered. */
  readonly keyStore?: string;
  /** True when the output was there already, made of the same input with the same keys and options. */
  readonly unchanged: boolean;
  /** True when nothing was written because none was asked for. */
  readonly dryRun: boolean;
}

export interface DecryptOptions extends JobOptions {
  readonly keys: KeyLookup;
}

export interface DecryptResult extends JobResult {}

export interface InspectOptions {
  /** Path of the file, its http or https URL, or `s3://bucket/key`. */
  readonly input: string;
  readonly signal?: AbortSignal;
  /** Keys to verify PlayReady checksums with. */
  readonly keys?: KeyLookup;
  /** List the box tree. Default false. */
  readonly boxes?: boolean;
}

/** One box of the tree, in file order; children lie inside it. */
export interface BoxReport {
  readonly type: string;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly children?: readonly BoxReport[];
}

export interface InspectedPssh extends ParsedPssh {
  /** Where the box is: `moov`, or `moof[n]`, counted from 0. */
  readonly location: string;
}

/** The use of one key by a track. */
export interface InspectedKey {
  /** UUID text. */
  readonly kid: string;
  /** Samples with at least one protected byte. */
  readonly samples: number;
  /** Decode time of the first of them. */
  readonly firstSeconds: number;
}

export interface InspectedTrack extends TrackReport {
  /** As the file names it: the fourcc of `schm`, or PIFF, PIFF-CTR, PIFF-CBC. Absent where it names none. */
  readonly scheme?: string;
  /** Only with a constant IV: its bytes, 8 or 16. */
  readonly constantIvSize?: number;
  /** Blocks of 16 bytes that are encrypted, and then left clear, by turns. Absent without a pattern. */
  readonly pattern?: { readonly cryptByteBlock: number; readonly skipByteBlock: number };
  /** Of encrypted tracks: the keys in the order of their first samples. */
  readonly keys?: readonly InspectedKey[];
  /** Of encrypted tracks: samples of which no byte is protected. */
  readonly clearSamples?: number;
  readonly durationSeconds: number;
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly sampleRateHz?: number;
  readonly language?: string;
}

export interface InspectResult {
  readonly path: string;
  readonly bytes: number;
  readonly brands: readonly string[];
  readonly durationSeconds: number;
  readonly layout: 'progressive' | 'fragmented';
  readonly fragments: number;
  readonly tracks: readonly InspectedTrack[];
  readonly pssh: readonly InspectedPssh[];
  readonly boxes?: readonly BoxReport[];
  readonly warnings: readonly string[];
}
