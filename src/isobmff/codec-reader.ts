import { malformed } from '../errors.js';
import { ac4Codecs, readDac4 } from './boxes/dac4.js';
import { DOLBY_VISION_CONFIGURATIONS, dolbyVisionCodecs, readDvcC } from './boxes/dvcc.js';
import { mediaTypeOf } from './boxes/hdlr.js';
import { readVvcC } from './boxes/vvcc.js';
import {
  BASE_CODECS,
  type DecoderConfiguration,
  type DescribedTrack,
  type EntryFields,
  findDescribedTracks,
  quickTimeFields,
} from './entry-fields.js';
import { readPlainEntries } from './plain-entries.js';
import { readerOf, type SampleEntry } from './sample-entry.js';
import { type BoxNode, type FileSlice, findChild } from './walk.js';

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
 * Reads the codec configuration of every sample entry: those of common codecs here, and all of a file with others with mp4box.
 * @param moov the whole `moov` box
 * @param moovStartBytes its file offset, for error messages
 * @throws PrpackError MALFORMED_INPUT
 */
export async function readCodecs(moov: Uint8Array, moovStartBytes = 0): Promise<TrackCodecs[]> {
  const slice = { bytes: moov, startBytes: moovStartBytes };
  const tracks = findDescribedTracks(slice);
  const fields = readPlainEntries(tracks, slice) ?? (await readByMp4box(tracks, slice));
  return tracks.map((track, index) => ({
    trackId: track.trackId,
    entries: track.entries.map((entry, row) => describe(entry, fields[index][row], track.handler, slice)),
  }));
}

async function readByMp4box(tracks: readonly DescribedTrack[], slice: FileSlice): Promise<EntryFields[][]> {
  const { readForeignEntries } = await import('./foreign-entries.js');
  return readForeignEntries(tracks, slice);
}

function describe(
  entry: SampleEntry,
  fields: EntryFields,
  handler: string,
  slice: FileSlice,
): CodecDescription {
  const fourcc = entry.format;
  if (!mediaTypeOf(handler)) return { fourcc, codec: fourcc };
  const { width, height, objectTypeIndication } = fields;
  return {
    fourcc,
    codec: dolbyVisionCodec(entry, slice) ?? ac4Codec(entry, slice) ?? fields.codec ?? fourcc,
    ...nalConfiguration(entry, fields, slice),
    ...configurationOf(entry, slice),
    ...(width !== undefined && { width, height: height! }),
    ...audioFormat(entry.node, fields, handler, slice),
    ...(objectTypeIndication !== undefined && { objectTypeIndication }),
  };
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
  avc: { box: 'avcC', clause: 'ISO/IEC 14496-15 5.4.2', read: (_, { avcC }) => avcC },
  hevc: { box: 'hvcC', clause: 'ISO/IEC 14496-15 8.4.1', read: (_, { hvcC }) => hvcC },
  vvc: { box: 'vvcC', clause: 'ISO/IEC 14496-15 11.2.4', read: vvcConfiguration },
};

type ConfigurationReader = (
  entry: SampleEntry,
  fields: EntryFields,
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

function nalConfiguration(entry: SampleEntry, fields: EntryFields, slice: FileSlice): NalConfiguration {
  const { format, node } = entry;
  const kind = NAL_KINDS[format];
  if (!kind) return {};
  const { box, clause, read } = NAL_CONFIGURATIONS[kind];
  const configuration = read(entry, fields, slice);
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

function vvcConfiguration(
  { node }: SampleEntry,
  _fields: EntryFields,
  slice: FileSlice,
): DecoderConfiguration | undefined {
  const box = findChild(node, 'vvcC');
  if (!box) return undefined;
  const { lengthSizeMinusOne, nalUnits } = readVvcC(readerOf(box, slice));
  return { lengthSizeMinusOne, usedBytes: 0, sizeBytes: box.sizeBytes, parameterSets: nalUnits };
}

type AudioFormat = Pick<CodecDescription, 'channels' | 'sampleRateHz'>;

const QUICKTIME_VERSION_2_BYTES = 36;

function audioFormat(node: BoxNode, fields: EntryFields, handler: string, slice: FileSlice): AudioFormat {
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
  const { channels, sampleRateHz } = fields;
  return channels === undefined ? {} : { channels, sampleRateHz: sampleRateHz! };
}
