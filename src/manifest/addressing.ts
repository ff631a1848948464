import { PrpackError } from '../errors.js';

/**
 * A media segment. Times are ticks of its track's timescale on the media timeline, and safe integers: players count in double
 * precision, so that the DASH-IF timing model forbids times of 2^53 and more.
 */
export interface Segment {
  /** Earliest presentation time. */
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly sizeBytes: number;
}

/** A segment within a file. */
export interface FileSegment extends Segment {
  readonly offsetBytes: number;
}

/** Start inclusive, end exclusive. */
export interface ByteRange {
  readonly startBytes: number;
  readonly endBytes: number;
}

/** What a player reads to show one I-frame: from `moof` to the end of the sample. */
export interface IFrame {
  readonly startTicks: number;
  /** Index of the segment that it is in. */
  readonly segmentIndex: number;
  /** Within the file: that of the track, or that of the segment. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/** One track in one file with `sidx`: indexed addressing of the DASH-IF timing model. */
export interface FileAddressing {
  readonly kind: 'file';
  readonly uri: string;
  /** `ftyp` and `moov`. */
  readonly initRange: ByteRange;
  /** Exactly one `sidx`. */
  readonly indexRange: ByteRange;
  readonly timescaleHz: number;
  readonly segments: readonly FileSegment[];
  readonly iFrames?: readonly IFrame[];
  /** Media time at the start of the period. Absent: 0. */
  readonly presentationTimeOffsetTicks?: number;
}

/** One file a segment, of one duration or many. */
export interface SegmentList {
  readonly kind: 'segments';
  /** URI with `$Number$` or `$Time$`, each also with a width (`$Number%05d$`); of the only segment also one without. */
  readonly mediaUri: string;
  /** Of the first segment. */
  readonly startNumber: number;
  readonly timescaleHz: number;
  readonly segments: readonly Segment[];
}

/** CMAF segments with their header: explicit addressing of the DASH-IF timing model. */
export interface SegmentsAddressing extends SegmentList {
  readonly initUri: string;
  readonly iFrames?: readonly IFrame[];
  /** Media time at the start of the period. Absent: 0. */
  readonly presentationTimeOffsetTicks?: number;
}

/** Text in one piece: WebVTT, TTML. */
export interface WholeFile {
  readonly kind: 'whole';
  readonly uri: string;
  readonly sizeBytes: number;
}

export type Addressing = FileAddressing | SegmentsAddressing;

/** How anything of a presentation is found. */
export type AnyAddressing = Addressing | SegmentList | WholeFile;

/** What has segments with times. */
export type Timed = Pick<SegmentList, 'timescaleHz' | 'segments'>;

/**
 * URI of one segment (ISO/IEC 23009-1 5.3.9.4.4).
 * @param index of the segment, from 0
 * @throws PrpackError INVALID_ARGUMENT when the template names no segment
 * @example
 * segmentUri({ ...list, mediaUri: 'v/$Number%03d$.m4s', startNumber: 1 }, 6); // 'v/007.m4s'
 */
export function segmentUri({ mediaUri, startNumber, segments }: SegmentList, index: number): string {
  const values: Record<string, number> = { Number: startNumber + index, Time: segments[index].startTicks };
  const uri = mediaUri.replace(/\$(Number|Time)(?:%0(\d+)d)?\$/g, (_, name: string, width = '1') =>
    String(values[name]).padStart(Number(width), '0'),
  );
  if ((uri === mediaUri && segments.length > 1) || uri.includes('$')) {
    throw new PrpackError('INVALID_ARGUMENT', `the URI template of segments names no segment: ${mediaUri}`, {
      expected: '$Number$ or $Time$, and no other $',
      received: mediaUri,
      clause: 'ISO/IEC 23009-1 5.3.9.4.4',
      remedy: 'Put $Number$ into the names of segments.',
    });
  }
  return uri;
}

/**
 * Duration of each segment in microseconds, an integer. They are differences of rounded times, so that no error adds up: their sum is
 * the rounded duration of all.
 * @example
 * segmentMicroseconds({ timescaleHz: 3, segments }); // three segments of one tick: [333333, 333334, 333333]
 */
export function segmentMicroseconds({ timescaleHz, segments }: Timed): number[] {
  let ticks = 0;
  return segments.map(({ durationTicks }) => {
    const start = Math.round((ticks / timescaleHz) * 1e6);
    ticks += durationTicks;
    return Math.round((ticks / timescaleHz) * 1e6) - start;
  });
}

/**
 * Duration of the longest segment in seconds, 0 without segments.
 * @example
 * longestSegmentSeconds({ timescaleHz: 48000, segments }); // 2.0053333333333334
 */
export function longestSegmentSeconds({ timescaleHz, segments }: Timed): number {
  return segments.reduce((most, { durationTicks }) => Math.max(most, durationTicks), 0) / timescaleHz;
}
