/**
 * What the manifests of Smooth Streaming are written from (MS-SSTR 2.2.2). All times are in ticks of ten million a second. Everything is
 * a plain value.
 */
export interface SmoothPresentation {
  /** Until the end of the longest stream. */
  readonly durationTicks: number;
  /** PlayReady Object of the one key of all streams. */
  readonly playreadyObject: Uint8Array;
  /** Video first. */
  readonly streams: readonly SmoothStream[];
}

/** Renditions of one content that a client may switch between: a StreamIndex. */
export interface SmoothStream {
  readonly type: 'video' | 'audio';
  /** Unique in the presentation: letters, digits and underscores, first no digit. */
  readonly name: string;
  /** RFC 5646. */
  readonly language?: string;
  /** Fragments of every level: when each begins, and how long it lasts. */
  readonly chunks: readonly SmoothChunk[];
  readonly levels: readonly SmoothLevel[];
}

export interface SmoothChunk {
  readonly startTicks: number;
  readonly durationTicks: number;
}

/** One rendition: a QualityLevel. */
export type SmoothLevel = SmoothVideoLevel | SmoothAudioLevel;

interface CommonLevel {
  /** Average, and unique in the presentation: the level is asked for by it. */
  readonly bitsPerSecond: number;
  readonly codecPrivateData: Uint8Array;
  /** Of the media, for the server manifest; absent where each fragment is a file. */
  readonly file?: SmoothFile;
}

export interface SmoothVideoLevel extends CommonLevel {
  readonly kind: 'video';
  readonly fourCC: 'H264';
  /** Coded size after cropping. */
  readonly widthPixels: number;
  readonly heightPixels: number;
  /** Width at which the picture is shown. */
  readonly displayWidthPixels: number;
}

export interface SmoothAudioLevel extends CommonLevel {
  readonly kind: 'audio';
  readonly fourCC: 'AACL' | 'AACH';
  readonly samplingRateHz: number;
  readonly channels: number;
}

/** A file of PIFF with the fragments of one level. */
export interface SmoothFile {
  /** Escaped (RFC 3986). */
  readonly uri: string;
  readonly trackId: number;
}
