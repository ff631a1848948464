import { malformed } from '../errors.js';
import { ac4Codecs, readDac4 } from './boxes/dac4.js';
import { DOLBY_VISION_CONFIGURATIONS, dolbyVisionCodecs, readDvcC } from './boxes/dvcc.js';
import { mediaTypeOf, readHdlr } from './boxes/hdlr.js';
import { readTkhd } from './boxes/tkhd.js';
import { readVvcC } from './boxes/vvcc.js';
import {
  BASE_CODECS,
  type DescribedTrack,
  type ForeignEntry,
  parseForeign,
  quickTimeFields,
} from './foreign-entries.js';
import { readerOf, readSampleEntries, type SampleEntry } from './sample-entry.js';
import { type BoxNode, type FileSlice, findChild, requirePath, walkBox } from './walk.js';

/** What a sample entry says about its codec. */
export interface CodecDescription {
  /** The sample entry's type, of a protected one its original type (`frma`). */
  readonly fourcc: string;
  /** For the `codecs` parameter (RFC 6381): `avc1.64001f`, `mp4a.40.2`; the bare fourcc where nothing more is known. */
  readonly codec: string;
  /** How the samples' NAL units are read; absent for all other codecs. */
  readonly kind?: NalKind;
  /** With `kind`: bytes of the length before each NAL unit. */
  readonly nalLengthSizeBytes?: 1 | 2 | 4;
  /** With `kind`: VPS (HEVC only), SPS and PPS NAL units with their headers; none when they are all in the samples. */
  readonly parameterSets?: readonly Uint8Array[];
  /** Of AV1 and VP9: the body of `av1C` or `vpcC`; empty where the box is missing. */
  readonly configuration?: Uint8Array;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
  readonly channels?: number;
  /** 0 when the entry has no room for it (more than 65,535 Hz). */
  readonly sampleRateHz?: number;
  /** `mp4a` only: 0x40 is AAC, 0x69 and 0x6b are MP3 (ISO/IEC 14496-1 7.2.6.6). */
  readonly objectTypeIndication?: number;
}

/** The sample entries of one track, in the order of `stsd`. */
export interface TrackCodecs {
  readonly trackId: number;
  readonly entries: readonly CodecDescription[];
}

export type NalKind = 'avc' | 'hevc' | 'vvc';

const NAL_KINDS: Record<string, NalKind> = {
  ...{ avc1: 'avc', avc2: 'avc', avc3: 'avc', avc4: 'avc', dva1: 'avc', dvav: 'avc' },
  ...{ hvc1: 'hevc', hev1: 'hevc', dvh1: 'hevc', dvhe: 'hevc' },
  ...{ vvc1: 'vvc', vvi1: 'vvc' },
};

/**
 * Reads the codec configuration of every sample entry with mp4box. mp4box never sees the file: it is given a movie
 * made of nothing but each track's `stsd`, in which boxes that do not configure a codec are renamed `free`,
 * and what it returns is compared with our own walk.
 * @param moov the whole `moov` box
 * @param moovStartBytes its file offset, for error messages
 * @throws PrpackError MALFORMED_INPUT
 */
export async function readCodecs(moov: Uint8Array, moovStartBytes = 0): Promise<TrackCodecs[]> {
  const slice = { bytes: moov, startBytes: moovStartBytes };
  const tracks = findTracks(slice);
  const foreign = await parseForeign(tracks, slice);
  return tracks.map((track, index) => ({
    trackId: track.trackId,
    entries: track.entries.map((entry, row) => describe(entry, foreign[index][row], track.handler, slice)),
  }));
}

function findTracks(slice: FileSlice): DescribedTrack[] {
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

function describe(
  entry: SampleEntry,
  foreign: ForeignEntry,
  handler: string,
  slice: FileSlice,
): CodecDescription {
  const fourcc = entry.format;
  if (!mediaTypeOf(handler)) return { fourcc, codec: fourcc };
  return {
    fourcc,
    codec: dolbyVisionCodec(entry, slice) ?? ac4Codec(entry, slice) ?? codecOf(foreign, fourcc),
    ...nalConfiguration(entry, foreign, slice),
    ...configurationOf(entry, slice),
    ...(foreign.width !== undefined && { width: foreign.width, height: foreign.height! }),
    ...audioFormat(entry.node, foreign, handler, slice),
    ...objectType(foreign),
  };
}

/** mp4box's codec string; it throws for some entries without their configuration, of which the fourcc is known. */
function codecOf(foreign: ForeignEntry, fourcc: string): string {
  try {
    const codec = foreign.getCodec();
    return codec.includes('.') ? codec.replace(/^[^.]*/, fourcc) : fourcc;
  } catch {
    return fourcc;
  }
}

/** `dvh1.05.06` of entries that are Dolby Vision by name (Dolby Vision Streams Within ISOBMFF, 2.2). */
function dolbyVisionCodec({ format, node }: SampleEntry, slice: FileSlice): string | undefined {
  if (!(format in BASE_CODECS)) return undefined;
  const configuration = node.children.find((child) => DOLBY_VISION_CONFIGURATIONS.includes(child.type));
  return configuration && dolbyVisionCodecs(format, readDvcC(readerOf(configuration, slice)));
}

/** `ac-4.02.01.01`. */
function ac4Codec({ format, node }: SampleEntry, slice: FileSlice): string | undefined {
  const configuration = format === 'ac-4' ? findChild(node, 'dac4') : undefined;
  const read = configuration && readDac4(readerOf(configuration, slice));
  return read && ac4Codecs(read);
}

type NalConfiguration = Pick<CodecDescription, 'kind' | 'nalLengthSizeBytes' | 'parameterSets'>;

/** Box that configures the decoder, and the clause that defines it. */
const NAL_CONFIGURATIONS: Readonly<
  Record<NalKind, { box: string; clause: string; read: ConfigurationReader }>
> = {
  avc: { box: 'avcC', clause: 'ISO/IEC 14496-15 5.4.2', read: (_, foreign) => avcConfiguration(foreign) },
  hevc: { box: 'hvcC', clause: 'ISO/IEC 14496-15 8.4.1', read: (_, foreign) => hevcConfiguration(foreign) },
  vvc: { box: 'vvcC', clause: 'ISO/IEC 14496-15 11.2.4', read: vvcConfiguration },
};

type ConfigurationReader = (
  entry: SampleEntry,
  foreign: ForeignEntry,
  slice: FileSlice,
) => DecoderConfiguration | undefined;

const CONFIGURATION_BOXES: Readonly<Record<string, string>> = { av01: 'av1C', dav1: 'av1C', vp09: 'vpcC' };

function configurationOf(
  { format, node }: SampleEntry,
  slice: FileSlice,
): Pick<CodecDescription, 'configuration'> {
  if (!Object.hasOwn(CONFIGURATION_BOXES, format)) return {};
  const box = findChild(node, CONFIGURATION_BOXES[format]);
  return { configuration: box ? readerOf(box, slice).rest() : new Uint8Array() };
}

function nalConfiguration(entry: SampleEntry, foreign: ForeignEntry, slice: FileSlice): NalConfiguration {
  const { format, node } = entry;
  const kind = NAL_KINDS[format];
  if (!kind) return {};
  const { box, clause, read } = NAL_CONFIGURATIONS[kind];
  const configuration = read(entry, foreign, slice);
  const details = { boxPath: node.path, offsetBytes: node.startBytes };
  if (!configuration) {
    throw malformed(`${node.path}: the decoder configuration (${box}) is missing`, {
      ...details,
      clause,
    });
  }
  const { lengthSizeMinusOne, usedBytes, sizeBytes, parameterSets } = configuration;
  if (usedBytes > sizeBytes) {
    throw malformed(`${node.path}: the decoder configuration is longer than its box`, {
      ...details,
      expected: sizeBytes,
      received: usedBytes,
    });
  }
  const nalLengthSizeBytes = lengthSizeMinusOne + 1;
  if (nalLengthSizeBytes !== 1 && nalLengthSizeBytes !== 2 && nalLengthSizeBytes !== 4) {
    throw malformed(`${node.path}: the size of NAL unit lengths is not 1, 2 or 4 bytes`, {
      ...details,
      received: nalLengthSizeBytes,
      clause: 'ISO/IEC 14496-15 5.3.3.1.2',
    });
  }
  return { kind, nalLengthSizeBytes, parameterSets };
}

interface DecoderConfiguration {
  readonly lengthSizeMinusOne: number;
  /** Bytes that mp4box took for the configuration, and bytes of its box: mp4box does not stop at the box's end. */
  readonly usedBytes: number;
  readonly sizeBytes: number;
  readonly parameterSets: readonly Uint8Array[];
}

const AVCC_FIELDS_BYTES = 7;
const HVCC_FIELDS_BYTES = 23;
/** NAL unit types of VPS, SPS and PPS (ITU-T H.265 7.4.2.2). */
const HEVC_PARAMETER_SETS = new Set([32, 33, 34]);

function avcConfiguration({ avcC }: ForeignEntry): DecoderConfiguration | undefined {
  if (!avcC) return undefined;
  const parameterSets = [...avcC.SPS, ...avcC.PPS].map((nal) => nal.data);
  return {
    lengthSizeMinusOne: avcC.lengthSizeMinusOne,
    usedBytes: avcC.hdr_size! + AVCC_FIELDS_BYTES + lengthOf(parameterSets),
    sizeBytes: avcC.size!,
    parameterSets,
  };
}

function hevcConfiguration({ hvcC }: ForeignEntry): DecoderConfiguration | undefined {
  if (!hvcC) return undefined;
  const arrays = hvcC.nalu_arrays.map((nals) => ({
    type: nals.nalu_type,
    nals: nals.map((nal) => nal.data),
  }));
  return {
    lengthSizeMinusOne: hvcC.lengthSizeMinusOne,
    usedBytes:
      hvcC.hdr_size! + HVCC_FIELDS_BYTES + arrays.reduce((sum, { nals }) => sum + 3 + lengthOf(nals), 0),
    sizeBytes: hvcC.size!,
    parameterSets: arrays.filter(({ type }) => HEVC_PARAMETER_SETS.has(type)).flatMap(({ nals }) => nals),
  };
}

function vvcConfiguration(
  { node }: SampleEntry,
  _foreign: ForeignEntry,
  slice: FileSlice,
): DecoderConfiguration | undefined {
  const box = findChild(node, 'vvcC');
  if (!box) return undefined;
  const { lengthSizeMinusOne, nalUnits } = readVvcC(readerOf(box, slice));
  return { lengthSizeMinusOne, usedBytes: 0, sizeBytes: box.sizeBytes, parameterSets: nalUnits };
}

/** Bytes of NAL units, each after a 16-bit length. */
function lengthOf(nals: readonly Uint8Array[]): number {
  return nals.reduce((sum, nal) => sum + 2 + nal.length, 0);
}

type AudioFormat = Pick<CodecDescription, 'channels' | 'sampleRateHz'>;

const QUICKTIME_VERSION_2_BYTES = 36;

function audioFormat(node: BoxNode, foreign: ForeignEntry, handler: string, slice: FileSlice): AudioFormat {
  const extra = quickTimeFields(node, handler);
  if (extra?.sizeBytes === QUICKTIME_VERSION_2_BYTES) {
    // QuickTime File Format, Sound Sample Description (Version 2): struct size u32, rate f64, channels u32
    const { bytes } = slice;
    const view = new DataView(
      bytes.buffer,
      bytes.byteOffset + extra.startBytes - slice.startBytes,
      extra.sizeBytes,
    );
    return { channels: view.getUint32(12), sampleRateHz: view.getFloat64(4) };
  }
  if (foreign.channel_count === undefined) return {};
  return { channels: foreign.channel_count, sampleRateHz: foreign.samplerate! };
}

function objectType(foreign: ForeignEntry): Pick<CodecDescription, 'objectTypeIndication'> {
  const esd = (foreign.esds ?? foreign.wave?.esds)?.esd;
  return typeof esd?.getOTI === 'function' ? { objectTypeIndication: esd.getOTI() } : {};
}
