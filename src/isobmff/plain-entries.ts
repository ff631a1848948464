import { toHex } from '../bytes/hex.js';
import { ByteReader } from '../bytes/reader.js';
import { PrpackError } from '../errors.js';
import { readAvcC, readNalUnits } from './boxes/avcc.js';
import { passDescriptor } from './boxes/esds.js';
import { mediaTypeOf } from './boxes/hdlr.js';
import {
  baseCodecOf,
  CONFIGURATIONS,
  type DescribedTrack,
  type EntryFields,
  HEVC_PARAMETER_SETS,
} from './entry-fields.js';
import { readerOf, type SampleEntry } from './sample-entry.js';
import type { FileSlice } from './walk.js';

/**
 * What the sample entries say, track by track, just as mp4box reads it. It is for common codecs whose entries are written to the
 * letter: mp4box takes longer to load than a small file to encrypt, and needs not be asked for them.
 * @returns undefined when mp4box has to read the entries, or refuse them
 */
export function readPlainEntries(
  tracks: readonly DescribedTrack[],
  slice: FileSlice,
): EntryFields[][] | undefined {
  try {
    return tracks.map((track) => readTrack(track, slice));
  } catch (error) {
    if (error instanceof NotPlain || error instanceof PrpackError) return undefined;
    throw error;
  }
}

/** Ends the reading. */
class NotPlain extends Error {}

function mustBe(condition: boolean): asserts condition {
  if (!condition) throw new NotPlain();
}

const STSD_FIELDS_BYTES = 16;
/** Header, reserved bytes, data_reference_index. */
const SMALLEST_ENTRY_BYTES = 16;

function readTrack({ stsd, entries, handler }: DescribedTrack, slice: FileSlice): EntryFields[] {
  mustBe(stsd.headerBytes === 8 && readerOf(stsd, slice).u8() === 0);
  const isPlain = entries.every(
    ({ node }) => node.headerBytes === 8 && node.sizeBytes >= SMALLEST_ENTRY_BYTES,
  );
  const sizeBytes = entries.reduce((sum, { node }) => sum + node.sizeBytes, STSD_FIELDS_BYTES);
  mustBe(isPlain && sizeBytes === stsd.sizeBytes);
  const mediaType = mediaTypeOf(handler);
  return entries.map((entry) => (mediaType ? readEntry(entry, mediaType, slice) : {}));
}

function readEntry(
  { node, format }: SampleEntry,
  mediaType: 'audio' | 'video',
  slice: FileSlice,
): EntryFields {
  const type = baseCodecOf(format);
  mustBe(Object.hasOwn(READERS, type) && READERS[type].mediaType === mediaType);
  const { box, read } = READERS[type];
  const reader = readerOf(node, slice);
  const fields = mediaType === 'video' ? visualFields(reader) : audioFields(reader);
  const childrenBytes = node.children.reduce((sum, child) => sum + child.sizeBytes, 0);
  mustBe(reader.remaining === childrenBytes);
  const configurations = node.children.filter((child) => CONFIGURATIONS.has(child.type));
  mustBe(configurations.length === (box ? 1 : 0));
  if (!box) return fields;
  const [configuration] = configurations;
  mustBe(configuration.type === box && configuration.headerBytes === 8);
  return { ...fields, ...read!(readerOf(configuration, slice), format, configuration.sizeBytes) };
}

/** VisualSampleEntry (ISO/IEC 14496-12 12.1.3). */
function visualFields(reader: ByteReader): EntryFields {
  reader.skip(24); // reserved, data_reference_index, pre_defined, reserved, pre_defined
  const fields = { width: reader.u16(), height: reader.u16() };
  reader.skip(50); // resolution, reserved, frame_count, compressorname, depth, pre_defined
  return fields;
}

/** AudioSampleEntry (ISO/IEC 14496-12 12.2.3). */
function audioFields(reader: ByteReader): EntryFields {
  reader.skip(8); // reserved, data_reference_index
  mustBe(reader.u16() === 0); // the version of QuickTime's sound description
  reader.skip(6);
  const channels = reader.u16();
  reader.skip(6); // samplesize, pre_defined, reserved
  return { channels, sampleRateHz: reader.u32() / 0x10000 };
}

interface EntryReader {
  readonly mediaType: 'audio' | 'video';
  /** The one box that configures the codec, and what it says; without them there is none. */
  readonly box?: string;
  readonly read?: (reader: ByteReader, format: string, sizeBytes: number) => EntryFields;
}

const AVC: EntryReader = { mediaType: 'video', box: 'avcC', read: avcConfiguration };
const HEVC: EntryReader = { mediaType: 'video', box: 'hvcC', read: hevcConfiguration };
const WITHOUT_CONFIGURATION: EntryReader = { mediaType: 'audio' };

const READERS: Readonly<Record<string, EntryReader>> = {
  avc1: AVC,
  avc3: AVC,
  hvc1: HEVC,
  hev1: HEVC,
  av01: { mediaType: 'video', box: 'av1C', read: av1Configuration },
  vp09: { mediaType: 'video', box: 'vpcC', read: vp9Configuration },
  mp4a: { mediaType: 'audio', box: 'esds', read: streamDescription },
  'ac-3': WITHOUT_CONFIGURATION,
  'ac-4': WITHOUT_CONFIGURATION,
  'ec-3': WITHOUT_CONFIGURATION,
  Opus: WITHOUT_CONFIGURATION,
  fLaC: WITHOUT_CONFIGURATION,
};

const BOX_HEADER_BYTES = 8;

function avcConfiguration(reader: ByteReader, format: string, sizeBytes: number): EntryFields {
  const { nalLengthBytes, sequenceParameterSets, pictureParameterSets } = readAvcC(reader);
  const parameterSets = [...sequenceParameterSets, ...pictureParameterSets];
  const usedBytes = BOX_HEADER_BYTES + reader.position;
  return {
    codec: `${format}.${toHex(reader.bytes.subarray(1, 4))}`, // profile, compatibility, level (RFC 6381 3.3)
    avcC: { lengthSizeMinusOne: nalLengthBytes - 1, usedBytes, sizeBytes, parameterSets },
  };
}

const PROFILE_SPACES = ['', 'A', 'B', 'C'];

/** HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 8.3.3.1.2); its codec string: E.3. */
function hevcConfiguration(reader: ByteReader, format: string, sizeBytes: number): EntryFields {
  reader.skip(1); // configurationVersion
  const profile = reader.u8();
  const compatibility = reversed(reader.u32());
  const constraints = reader.take(6);
  const level = reader.u8();
  const codec = [
    format,
    `${PROFILE_SPACES[profile >> 6]}${profile & 0x1f}`,
    compatibility.toString(16),
    `${profile & 0x20 ? 'H' : 'L'}${level}`,
    ...[...constraints.subarray(0, constraints.findLastIndex((byte) => byte !== 0) + 1)].map((byte) =>
      byte.toString(16),
    ),
  ].join('.');
  reader.skip(8); // segmentation, parallelism, chroma format, bit depths, avgFrameRate
  const lengthSizeMinusOne = reader.u8() & 3;
  const parameterSets: Uint8Array[] = [];
  for (let arrays = reader.u8(); arrays > 0; arrays--) {
    const nalType = reader.u8() & 0x3f;
    const nals = readNalUnits(reader, reader.u16());
    if (HEVC_PARAMETER_SETS.has(nalType)) parameterSets.push(...nals);
  }
  const usedBytes = BOX_HEADER_BYTES + reader.position;
  return { codec, hvcC: { lengthSizeMinusOne, usedBytes, sizeBytes, parameterSets } };
}

/** The bits of a number the other way round. mp4box takes one whose last bit is set for negative. */
function reversed(value: number): number {
  mustBe((value & 1) === 0);
  let bits = 0;
  for (let i = 0; i < 32; i++) bits |= ((value >>> i) & 1) << (31 - i);
  return bits;
}

/** AV1CodecConfigurationRecord (AV1 Codec ISO Media File Format Binding 2.3.3); its codec string: 5. */
function av1Configuration(reader: ByteReader, format: string): EntryFields {
  mustBe(reader.u8() === 0x81); // marker, version 1
  const profileAndLevel = reader.u8();
  const depthAndColour = reader.u8();
  const delay = reader.u8();
  mustBe(delay >> 5 === 0 && (delay === 0 || (delay & 0x10) !== 0)); // reserved
  const profile = profileAndLevel >> 5;
  mustBe(profile <= 2);
  const level = `${profileAndLevel & 0x1f}`.padStart(2, '0');
  const tier = depthAndColour & 0x80 ? 'H' : 'M';
  const isDeep = (depthAndColour & 0x40) !== 0;
  const depth = isDeep ? (profile === 2 && depthAndColour & 0x20 ? '12' : '10') : '08';
  return { codec: `${format}.${profile}.${level}${tier}.${depth}` };
}

/** VPCodecConfigurationRecord, version 1 (VP Codec ISO Media File Format Binding 2.2); its codec string: 2.4. */
function vp9Configuration(reader: ByteReader, format: string): EntryFields {
  mustBe(reader.u8() === 1);
  reader.skip(3); // flags
  const profile = reader.u8();
  const level = reader.u8();
  const depth = reader.u8() >> 4;
  reader.skip(3); // colour
  reader.take(reader.u16()); // codecInitializationData
  return { codec: `${format}.0${profile}.${level === 0 ? '00' : level}.${depth === 8 ? '08' : depth}` };
}

const ES_DESCRIPTOR = 3;
const DECODER_CONFIG_DESCRIPTOR = 4;
const DECODER_SPECIFIC_INFO = 5;
const SL_CONFIG_DESCRIPTOR = 6;

/** ES_Descriptor with nothing but what MP4 files have in it (ISO/IEC 14496-14 3.1.2, ISO/IEC 14496-1 7.2.6). */
function streamDescription(reader: ByteReader, format: string): EntryFields {
  reader.skip(4); // version, flags
  const stream = descriptor(reader, ES_DESCRIPTOR);
  mustBe(reader.remaining === 0);
  stream.skip(2); // ES_ID
  mustBe((stream.u8() & 0xe0) === 0); // no dependency, URL or clock of another stream
  const decoder = descriptor(stream, DECODER_CONFIG_DESCRIPTOR);
  if (stream.remaining > 0) descriptor(stream, SL_CONFIG_DESCRIPTOR);
  mustBe(stream.remaining === 0);
  const objectTypeIndication = decoder.u8();
  decoder.skip(12); // streamType, bufferSizeDB, maxBitrate, avgBitrate
  const audio = decoder.remaining > 0 ? audioObjectType(descriptor(decoder, DECODER_SPECIFIC_INFO)) : 0;
  mustBe(decoder.remaining === 0);
  return {
    codec: `${format}.${objectTypeIndication.toString(16).padStart(2, '0')}${audio ? `.${audio}` : ''}`,
    objectTypeIndication,
  };
}

/** GetAudioObjectType() (ISO/IEC 14496-3 1.6.2.1). */
function audioObjectType(configuration: ByteReader): number {
  const first = configuration.u8();
  const type = first >> 3;
  if (type < 31) return type;
  return 32 + ((first & 7) << 3) + (configuration.u8() >> 5);
}

/** What a descriptor holds. */
function descriptor(reader: ByteReader, tag: number): ByteReader {
  const sizeBytes = passDescriptor(reader, tag);
  mustBe(reader.bytes[reader.position - 1] < 0x80); // or mp4box goes on reading the size
  return new ByteReader(reader.take(sizeBytes), reader.place);
}
