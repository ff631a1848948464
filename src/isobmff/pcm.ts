import { readerOf, type SampleEntry } from './sample-entry.js';
import { type FileSlice, findChild } from './walk.js';

/**
 * Bytes of one value, where the name of the sample entry says so (QuickTime File Format, Sound Sample Descriptions).
 */
const VALUE_BYTES: Readonly<Record<string, number>> = {
  in24: 3,
  in32: 4,
  fl32: 4,
  fl64: 8,
  alaw: 1,
  ulaw: 1,
};

/** Offsets in the payload of an audio sample entry (ISO/IEC 14496-12 12.2.3). */
const VERSION_AT = 8;
const CHANNELS_AT = 16;
const FIELDS_BYTES = 28;

/**
 * Bytes of one frame of uncompressed audio, a value of each channel, as its sample entry says.
 * @returns undefined when the entry does not say
 * @throws PrpackError MALFORMED_INPUT when the entry is too short
 */
export function pcmFrameBytes(entry: SampleEntry, slice: FileSlice): number | undefined {
  const reader = readerOf(entry.node, slice);
  reader.skip(VERSION_AT);
  const version = reader.u16();
  reader.skip(CHANNELS_AT - VERSION_AT - 2);
  const channels = reader.u16();
  const sampleSizeBits = reader.u16();
  if (version === 1) {
    reader.skip(FIELDS_BYTES - CHANNELS_AT - 4 + 8); // to bytesPerFrame
    return reader.u32() || undefined;
  }
  if (version === 2) {
    reader.skip(FIELDS_BYTES - CHANNELS_AT - 4 + 28); // to constBytesPerAudioPacket
    const packetBytes = reader.u32();
    const packetFrames = reader.u32();
    return packetFrames === 1 ? packetBytes || undefined : undefined;
  }
  const bytes = channels * (VALUE_BYTES[entry.format] ?? (pcmConfigBits(entry, slice) ?? sampleSizeBits) / 8);
  return Number.isInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** PCM_sample_size of `pcmC` (ISO/IEC 23003-5 5.3); the field of the sample entry is only a template there. */
function pcmConfigBits({ node }: SampleEntry, slice: FileSlice): number | undefined {
  const pcmC = findChild(node, 'pcmC');
  if (!pcmC) return undefined;
  const reader = readerOf(pcmC, slice);
  reader.skip(5); // version, flags, format_flags
  return reader.u8();
}
