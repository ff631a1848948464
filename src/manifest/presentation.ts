import type { Addressing, SegmentList, WholeFile } from './addressing.js';

/**
 * What manifests are written from: one period of media that lie under one folder. Everything is a plain value, in the words of DASH
 * (ISO/IEC 23009-1) and CMAF (ISO/IEC 23000-19). URIs are relative to the manifests and escaped already (RFC 3986).
 * @example
 * const presentation: Presentation = {
 *   durationSeconds: 8,
 *   switchingSets: [{ kind: 'video', id: 1, protection, representations: [v720, v360] }, english, german],
 * };
 */
export interface Presentation {
  /** Until the end of the longest track. */
  readonly durationSeconds: number;
  /** In the order of the manifests. */
  readonly switchingSets: readonly SwitchingSet[];
  /** Where ads may go, in the order of their times: tags of HLS. The MPD has them as `eventStreams`. */
  readonly cues?: readonly Cue[];
  /** Events that the MPD carries itself. */
  readonly eventStreams?: readonly EventStream[];
  /** What the multivariant playlist says of the keys of all sets. Absent: what the media playlists say, each line once. */
  readonly session?: readonly SessionProtection[];
}

/** Renditions of one content that a player may switch between: an AdaptationSet, a CMAF switching set. */
export type SwitchingSet = VideoSet | AudioSet | TextSet | ThumbnailSet;

interface CommonSet {
  /** Number within the presentation: `AdaptationSet@id`. */
  readonly id: number;
  /** RFC 5646; it is written in its shortest form. */
  readonly language?: string;
  readonly roles?: readonly Role[];
  readonly accessibility?: readonly Accessibility[];
  /** Name for people. */
  readonly label?: string;
  /** Absent: everything in the set is clear. */
  readonly protection?: Protection;
  /** Events that are in the segments (`emsg`). */
  readonly inbandEventStreams?: readonly EventStreamId[];
}

/** Of `urn:mpeg:dash:role:2011` (ISO/IEC 23009-1 5.8.5.5). */
export type Role =
  | 'main'
  | 'alternate'
  | 'dub'
  | 'commentary'
  | 'subtitle'
  | 'caption'
  | 'forced-subtitle'
  | 'description';

/** `description`: audio description for the blind. `caption`: for the hard of hearing. */
export type Accessibility = 'description' | 'caption';

export interface VideoSet extends CommonSet {
  readonly kind: 'video';
  readonly colour?: Colour;
  /** The set is for fast forward and rewind of another one. */
  readonly trickPlay?: { readonly ofSetId: number; readonly maxPlayoutRate: number };
  readonly representations: readonly VideoRepresentation[];
}

export interface AudioSet extends CommonSet {
  readonly kind: 'audio';
  readonly representations: readonly AudioRepresentation[];
}

export interface TextSet extends CommonSet {
  readonly kind: 'text';
  readonly representations: readonly TextRepresentation[];
}

export interface ThumbnailSet extends CommonSet {
  readonly kind: 'thumbnails';
  readonly representations: readonly ThumbnailRepresentation[];
}

interface CommonRepresentation {
  /** Unique in the presentation, and fit to be the name of a playlist: `[A-Za-z0-9._-]+`. */
  readonly id: string;
  readonly mimeType: string;
}

interface MediaRepresentation extends CommonRepresentation {
  /** RFC 6381. */
  readonly codecs: string;
  readonly addressing: Addressing;
}

export interface VideoRepresentation extends MediaRepresentation {
  /** Coded size after cropping. */
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** Width to height of one sample. Absent: square. */
  readonly sampleAspectRatio?: Fraction;
  /** Frames per second. */
  readonly frameRate: Fraction;
  /** Dolby Vision over a base layer that other decoders read: `dvh1.08.07`, profile `db4h`. */
  readonly supplementalCodecs?: { readonly codecs: string; readonly profile: string };
  /** What the license asks of outputs. Only who sets the license policy knows. */
  readonly hdcpLevel?: 'NONE' | 'TYPE-0' | 'TYPE-1';
}

export interface AudioRepresentation extends MediaRepresentation {
  readonly samplingRateHz: number;
  readonly channels: AudioChannels;
}

export interface AudioChannels {
  readonly count: number;
  /** ChannelConfiguration of ISO/IEC 23091-3; needed where it is not the count: 12 for 7.1. */
  readonly cicpIndex?: number;
  /** Speakers as Dolby lists them: 16 bits with AC-3 and E-AC-3 (0xF801 is 5.1), 24 with AC-4. */
  readonly dolbyMask?: number;
  /** Complexity index of E-AC-3 with joint object coding (Dolby Atmos). */
  readonly jocComplexity?: number;
}

export interface TextRepresentation extends CommonRepresentation {
  /** Only for text in MP4: `wvtt`, `stpp.ttml.im1t`. */
  readonly codecs?: string;
  readonly addressing: Addressing | WholeFile;
  /** WebVTT files of one segment each, which HLS takes in place of `addressing`. */
  readonly webVttSegments?: SegmentList;
}

export interface ThumbnailRepresentation extends CommonRepresentation {
  /** Size of one sheet of tiles. */
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly columns: number;
  readonly rows: number;
  /** How long a whole sheet shows, in the timescale of `addressing`. */
  readonly sheetTicks: number;
  /** One sheet a segment, all of one duration; the last may be shorter, where not all of its tiles are filled. */
  readonly addressing: SegmentList;
}

/** Code points of ISO/IEC 23091-2 (CICP). */
export interface Colour {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

export interface Fraction {
  readonly numerator: number;
  readonly denominator: number;
}

/** One key and one scheme for all representations of a set. */
export interface Protection {
  /** `schm` (ISO/IEC 23001-7 clause 10): the two that manifests can name. */
  readonly scheme: 'cenc' | 'cbcs';
  /** `default_KID` of `tenc`, UUID text. */
  readonly kid: string;
  readonly systems: readonly ProtectionSystem[];
}

/** What one protection system says in the multivariant playlist, for all keys of a scheme. */
export interface SessionProtection {
  readonly scheme: 'cenc' | 'cbcs';
  /** A PlayReady Object here lists all KIDs. */
  readonly systems: readonly ProtectionSystem[];
}

/** What a player of one protection system is told. */
export interface ProtectionSystem {
  /** What it is written like. */
  readonly name: 'playready' | 'widevine' | 'fairplay' | 'clearkey' | 'other';
  /** UUID text. */
  readonly systemId: string;
  /** Whole `pssh` box. */
  readonly psshBox?: Uint8Array;
  /** PlayReady Object, without box. */
  readonly playreadyObject?: Uint8Array;
  readonly licenseUrl?: string;
  /** URI of EXT-X-KEY for FairPlay. Absent: `skd://` and the KID in hexadecimal. */
  readonly keyUri?: string;
  /** Signalling that a key server gave; it is written as it is. */
  readonly given?: GivenSignalling;
}

/** As CPIX carries it (DASH-IF CPIX 5.4). */
export interface GivenSignalling {
  /** XML inside ContentProtection. */
  readonly contentProtection?: string;
  /** A whole EXT-X-KEY line. */
  readonly hlsKey?: string;
  /** A whole EXT-X-SESSION-KEY line. */
  readonly hlsSessionKey?: string;
}

/** A time at which a segment begins, so that ads can go there. */
export interface Cue {
  readonly seconds: number;
  /** Of the break that the ads may fill. Absent: nothing is replaced, or it is not known. */
  readonly durationSeconds?: number;
  readonly id?: number;
  /** `splice_info_section` (ANSI/SCTE 35 9.6) in base64. */
  readonly scte35?: string;
}

export interface EventStreamId {
  readonly schemeIdUri: string;
  readonly value?: string;
}

/** Events of one kind in the MPD (ISO/IEC 23009-1 5.10.2). */
export interface EventStream extends EventStreamId {
  readonly timescaleHz: number;
  readonly events: readonly PresentationEvent[];
}

export interface PresentationEvent {
  readonly id?: number;
  readonly startTicks: number;
  readonly durationTicks?: number;
  /** Text, or base64 where the scheme wants bytes. */
  readonly message: string;
  readonly isBase64?: boolean;
}
