import { mediaTypeOf, readHdlr } from './boxes/hdlr.js';
import { readTkhd } from './boxes/tkhd.js';
import { readerOf, readSampleEntries, type SampleEntry } from './sample-entry.js';
import { type BoxNode, type FileSlice, requirePath, walkBox } from './walk.js';

/** A track as our own walk found it. */
export interface DescribedTrack {
  readonly trackId: number;
  readonly handler: string;
  readonly stsd: BoxNode;
  readonly entries: readonly SampleEntry[];
}

/** What a sample entry of audio or video says, whichever reader read it. */
export interface EntryFields {
  /** For the `codecs` parameter; absent where no more is known than the entry's type. */
  readonly codec?: string;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  readonly sampleRateHz?: number;
  readonly objectTypeIndication?: number;
  readonly avcC?: DecoderConfiguration;
  readonly hvcC?: DecoderConfiguration;
}

/** How the NAL units of samples are read. */
export interface DecoderConfiguration {
  readonly lengthSizeMinusOne: number;
  /** Bytes that a reader took for the configuration, and bytes of its box: mp4box does not stop at the box's end. */
  readonly usedBytes: number;
  readonly sizeBytes: number;
  /** NAL units with their headers. */
  readonly parameterSets: readonly Uint8Array[];
}

/**
 * The tracks of a movie with their sample entries.
 * @param slice the whole `moov` box
 * @throws PrpackError MALFORMED_INPUT
 */
export function findDescribedTracks(slice: FileSlice): DescribedTrack[] {
  const moov = walkBox(slice, 'moov');
  const traks = moov.children.filter((node) => node.type === 'trak');
  return traks.map((trak) => {
    const tkhd = requirePath(trak, 'tkhd', 'ISO/IEC 14496-12 8.3.2');
    const hdlr = requirePath(trak, 'mdia/hdlr', 'ISO/IEC 14496-12 8.4.3');
    const { handlerType } = readHdlr(readerOf(hdlr, slice));
    const stsd = requirePath(trak, 'mdia/minf/stbl/stsd', 'ISO/IEC 14496-12 8.5.2');
    const { entries } = readSampleEntries(stsd, handlerType, slice);
    return { trackId: readTkhd(readerOf(tkhd, slice)).trackId, handler: handlerType, stsd, entries };
  });
}

/** Dolby Vision entries are laid out as those of their base codec (Dolby Vision Streams Within ISOBMFF, 3). */
export const BASE_CODECS: Readonly<Record<string, string>> = {
  dvh1: 'hvc1',
  dvhe: 'hev1',
  dva1: 'avc1',
  dvav: 'avc3',
  dav1: 'av01',
};

/** The type of the entries that entries of this type are laid out as: often the type itself. */
export function baseCodecOf(format: string): string {
  return Object.hasOwn(BASE_CODECS, format) ? BASE_CODECS[format] : format;
}

export const CONFIGURATIONS_WITHOUT_ESDS: ReadonlySet<string> = new Set([
  'avcC',
  'hvcC',
  'vvcC',
  'av1C',
  'vpcC',
]);
/** The boxes inside a sample entry that configure a codec; all others are passed over. */
export const CONFIGURATIONS: ReadonlySet<string> = new Set([...CONFIGURATIONS_WITHOUT_ESDS, 'esds', 'wave']);

/** NAL unit types of VPS, SPS and PPS (ITU-T H.265 7.4.2.2). */
export const HEVC_PARAMETER_SETS: ReadonlySet<number> = new Set([32, 33, 34]);

const AUDIO_FIELDS_BYTES = 28;

/** Fields that QuickTime sound descriptions of version 1 and 2 have before their boxes. */
export function quickTimeFields(
  node: BoxNode,
  handler: string,
): { startBytes: number; sizeBytes: number } | undefined {
  const firstChild = node.children[0];
  if (mediaTypeOf(handler) !== 'audio' || !firstChild) return undefined;
  const startBytes = node.startBytes + node.headerBytes + AUDIO_FIELDS_BYTES;
  const sizeBytes = firstChild.startBytes - startBytes;
  return sizeBytes > 0 ? { startBytes, sizeBytes } : undefined;
}
