import type { SchemeName } from '../cenc/scheme.js';

/** Protection systems whose pssh box prpack builds itself. */
export type ProtectionSystem = 'playready' | 'common' | 'widevine';

/** Protection systems that manifests can name. FairPlay has no pssh box, and plays scheme cbcs only. */
export type SignalledSystem = ProtectionSystem | 'fairplay';

/** A track id, or every track of a kind. */
export type TrackSelector = number | 'audio' | 'video';

/** What the PlayReady header and object carry besides the KIDs (Microsoft, PlayReady Header Specification). */
export interface PlayReadyOptions {
  /** License acquisition URL, absolute. */
  readonly laUrl?: string;
  /** License acquisition user interface URL, absolute. */
  readonly luiUrl?: string;
  /** Domain service id, base64 of 16 bytes. */
  readonly dsId?: string;
  /** XML fragment put inside CUSTOMATTRIBUTES. */
  readonly customAttributes?: string;
  /** Header version; `auto` (default) takes the lowest that can carry the content. */
  readonly version?: 'auto' | '4.0' | '4.1' | '4.2' | '4.3';
  /** Write a CHECKSUM for each key where the version allows one. Default true. */
  readonly checksum?: boolean;
  /** Bytes of zeros reserved as an embedded license store; none by default. */
  readonly reserveLicenseStoreBytes?: number;
  /** `on-demand`: the header asks clients to set up the decryptor when media asks for it. */
  readonly decryptorSetup?: 'on-demand';
}

/** What protects an output: the scheme, and what its `pssh` boxes say. */
export interface ProtectionOptions {
  /** Default `cenc`. */
  readonly scheme?: SchemeName;
  /** Of video under `cbcs` and `cens`: blocks of 16 bytes encrypted, and left clear. Default `1:9`. */
  readonly pattern?: '1:9' | '5:5' | '10:0';
  /** Bytes of the IV. Default 8 for `cenc` and `cens`, which every PlayReady client of AES-CTR reads; 16 for `cbcs` and `cbc1`. */
  readonly ivSize?: 8 | 16;
  /** Default `['playready', 'common']`. `fairplay` is for presentations with manifests alone. */
  readonly systems?: readonly SignalledSystem[];
  readonly playready?: PlayReadyOptions;
  /**
   * The content's name in the catalogue: keys are registered and found again under it. It also stands in a Widevine
   * pssh, unless it is absent. Default: the name of the input file without its extension.
   */
  readonly contentId?: string;
  /** Name of the content provider, for a Widevine pssh that is made here. */
  readonly widevineProvider?: string;
  /** Name of the policy that the provider has registered for the content, for a Widevine pssh that is made here. */
  readonly widevinePolicy?: string;
  /** pssh boxes made elsewhere: whole boxes, or bare PlayReady Objects, which are wrapped. */
  readonly extraPssh?: readonly Uint8Array[];
}

export interface PsshReport {
  /** UUID text. */
  readonly systemId: string;
  readonly name: string;
  /** KIDs (UUID text) that the box lists, or its data where the box lists none. */
  readonly keyIds: readonly string[];
}

export interface PlayReadyKeyReport {
  readonly kid: string;
  readonly algId?: string;
  /** base64, as in the header. */
  readonly checksum?: string;
  /** Only where a key was given: whether the checksum is that of the key. */
  readonly checksumMatches?: boolean;
}

export interface PlayReadyReport {
  readonly version: string;
  readonly laUrl?: string;
  readonly luiUrl?: string;
  readonly dsId?: string;
  readonly customAttributes?: string;
  readonly decryptorSetup?: string;
  readonly licenseStoreBytes?: number;
  readonly keys: readonly PlayReadyKeyReport[];
  /** The header's XML as it stands in the file. */
  readonly xml: string;
}

/** What a `pssh` box says. */
export interface ParsedPssh extends PsshReport {
  /** Of the box. */
  readonly version: number;
  /** base64 of the system-specific data. */
  readonly data: string;
  readonly playready?: PlayReadyReport;
  readonly widevine?: {
    /** Hex. */
    readonly contentId?: string;
    readonly provider?: string;
    readonly policy?: string;
    readonly protectionScheme?: string;
  };
  /** Why the data could not be read, when it could not. */
  readonly problem?: string;
}
