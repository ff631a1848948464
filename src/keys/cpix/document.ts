import type { ContentKey } from '../content-key.js';
import type { KeyId } from '../key-id.js';

/** Versions of the DASH-IF CPIX guidelines that are read and written. */
export const CPIX_VERSIONS = ['2.0', '2.1', '2.2', '2.3', '2.4'] as const;
export type CpixVersion = (typeof CPIX_VERSIONS)[number];

/**
 * A CPIX document (DASH-IF, "Content Protection Information Exchange Format") as plain data. Keys are clear here, whether they
 * were encrypted on the way or not. Update history and signatures are not taken up.
 */
export interface CpixDocument {
  /** `@version`, which documents before 2.3 do not have. */
  readonly version?: string;
  /** `@id`: of the document; SPEKE version 1 puts the content id here. */
  readonly id?: string;
  readonly contentId?: string;
  /**
   * X.509 certificates (DER) of those whom the content keys are encrypted to. A document that names any is never written with
   * a clear key.
   */
  readonly recipients: readonly Uint8Array[];
  readonly contentKeys: readonly CpixContentKey[];
  readonly drmSystems: readonly CpixDrmSystem[];
  readonly keyPeriods: readonly CpixKeyPeriod[];
  readonly usageRules: readonly CpixUsageRule[];
}

export interface CpixContentKey {
  readonly kid: KeyId;
  /** Absent where the document only asks for it. */
  readonly key?: ContentKey;
  /** 16 bytes. */
  readonly explicitIv?: Uint8Array;
  /** Four-character code of ISO/IEC 23001-7 such as `cenc`, or an encryption method of HLS. */
  readonly commonEncryptionScheme?: string;
  /** The root key, where this is a leaf of a key hierarchy. */
  readonly dependsOnKey?: KeyId;
}

/**
 * What one protection system says of one key. A value that is empty stands for an empty element, which asks for the value;
 * a value that is absent is not asked for.
 */
export interface CpixDrmSystem {
  /** UUID text. */
  readonly systemId: string;
  readonly kid: KeyId;
  readonly name?: string;
  /** A whole `pssh` box. */
  readonly pssh?: Uint8Array;
  /** XML that goes into ContentProtection of a DASH manifest. */
  readonly contentProtectionData?: string;
  /** Lines of an HLS playlist. */
  readonly hlsSignaling?: CpixHlsSignaling;
  /** What goes into ProtectionHeader of a Smooth Streaming manifest. */
  readonly smoothStreamingData?: string;
  /** URI of EXT-X-KEY, in documents before 2.4. */
  readonly uriExtXKey?: string;
  /** KEYFORMAT, KEYFORMATVERSIONS and ProtectionHeader in the namespace of SPEKE version 1. */
  readonly spekeKeyFormat?: string;
  readonly spekeKeyFormatVersions?: string;
  readonly spekeProtectionHeader?: string;
}

export interface CpixHlsSignaling {
  readonly media?: string;
  /** Called `master` in documents before 2.4. */
  readonly multivariant?: string;
}

/** A span of time that has keys of its own. Times are as the document writes them. */
export interface CpixKeyPeriod {
  readonly id?: string;
  readonly index?: number;
  /** xs:dateTime, of live content. */
  readonly start?: string;
  readonly end?: string;
  /** xs:duration from the start of the content, of content on demand; since 2.4. */
  readonly startOffset?: string;
  readonly endOffset?: string;
}

/** For which media a key is: filters of one type are alternatives, and every type that occurs must be met. */
export interface CpixUsageRule {
  readonly kid: KeyId;
  readonly intendedTrackType?: string;
  /** Ids of key periods. */
  readonly keyPeriodFilters: readonly string[];
  readonly labelFilters: readonly string[];
  readonly videoFilters: readonly CpixVideoFilter[];
  readonly audioFilters: readonly CpixAudioFilter[];
  readonly bitrateFilters: readonly CpixBitrateFilter[];
  /** Names of filters that are not understood: the rule cannot be used. */
  readonly unknownFilters: readonly string[];
}

/** Pixel bounds are inclusive; of the frame rates, `maxFps` is and `minFps` is not. */
export interface CpixVideoFilter {
  readonly minPixels?: number;
  readonly maxPixels?: number;
  readonly hdr?: boolean;
  readonly wcg?: boolean;
  readonly minFps?: number;
  readonly maxFps?: number;
}

/** Bounds are inclusive. */
export interface CpixAudioFilter {
  readonly minChannels?: number;
  readonly maxChannels?: number;
}

/** In bits per second; bounds are inclusive. */
export interface CpixBitrateFilter {
  readonly minBitrate?: number;
  readonly maxBitrate?: number;
}
