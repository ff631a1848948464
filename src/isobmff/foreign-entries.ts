import type { Box, SampleEntry as Mp4boxEntry } from 'mp4box';
import { malformed, PrpackError } from '../errors.js';
import { box } from './boxes/box.js';
import { mediaTypeOf } from './boxes/hdlr.js';
import {
  baseCodecOf,
  CONFIGURATIONS,
  CONFIGURATIONS_WITHOUT_ESDS,
  type DecoderConfiguration,
  type DescribedTrack,
  type EntryFields,
  HEVC_PARAMETER_SETS,
  quickTimeFields,
} from './entry-fields.js';
import type { BoxNode, FileSlice } from './walk.js';

/** The parts of mp4box's sample entries that are read here. */
interface ForeignEntry extends Mp4boxEntry {
  readonly width?: number;
  readonly height?: number;
  readonly channel_count?: number;
  readonly samplerate?: number;
  readonly avcC?: Box & { lengthSizeMinusOne: number; SPS: ForeignNal[]; PPS: ForeignNal[] };
  readonly hvcC?: Box & { lengthSizeMinusOne: number; nalu_arrays: (ForeignNal[] & { nalu_type: number })[] };
  readonly esds?: ForeignEsds;
  readonly wave?: { readonly esds?: ForeignEsds };
}
interface ForeignNal {
  readonly data: Uint8Array;
}
interface ForeignEsds {
  readonly esd?: { getOTI(): number };
}

/**
 * What mp4box says of the entries, track by track. It never sees the file: it is given a movie made of nothing but each track's
 * `stsd`, in which boxes that do not configure a codec are renamed `free`, and what it returns is compared with our own walk.
 * @throws PrpackError MALFORMED_INPUT
 */
export async function readForeignEntries(
  tracks: readonly DescribedTrack[],
  slice: FileSlice,
): Promise<EntryFields[][]> {
  const foreign = await parseForeign(tracks, slice);
  return tracks.map(({ handler, entries }, index) =>
    entries.map(({ format }, row) => (mediaTypeOf(handler) ? fieldsOf(foreign[index][row], format) : {})),
  );
}

function fieldsOf(foreign: ForeignEntry, format: string): EntryFields {
  const { width, height, channel_count: channels, samplerate: sampleRateHz, avcC, hvcC } = foreign;
  const codec = codecOf(foreign, format);
  return {
    ...(codec !== undefined && { codec }),
    ...(width !== undefined && { width, height: height! }),
    ...(channels !== undefined && { channels, sampleRateHz: sampleRateHz! }),
    ...objectType(foreign),
    ...(avcC && { avcC: avcConfiguration(avcC) }),
    ...(hvcC && { hvcC: hevcConfiguration(hvcC) }),
  };
}

/** mp4box's codec string; it throws for some entries without their configuration, of which the type is known. */
function codecOf(foreign: ForeignEntry, format: string): string | undefined {
  try {
    const codec = foreign.getCodec();
    return codec.includes('.') ? codec.replace(/^[^.]*/, format) : undefined;
  } catch {
    return undefined;
  }
}

function objectType(foreign: ForeignEntry): Pick<EntryFields, 'objectTypeIndication'> {
  const esd = (foreign.esds ?? foreign.wave?.esds)?.esd;
  return typeof esd?.getOTI === 'function' ? { objectTypeIndication: esd.getOTI() } : {};
}

const AVCC_FIELDS_BYTES = 7;
const HVCC_FIELDS_BYTES = 23;

function avcConfiguration(avcC: NonNullable<ForeignEntry['avcC']>): DecoderConfiguration {
  const parameterSets = [...avcC.SPS, ...avcC.PPS].map((nal) => nal.data);
  return {
    lengthSizeMinusOne: avcC.lengthSizeMinusOne,
    usedBytes: avcC.hdr_size! + AVCC_FIELDS_BYTES + lengthOf(parameterSets),
    sizeBytes: avcC.size!,
    parameterSets,
  };
}

function hevcConfiguration(hvcC: NonNullable<ForeignEntry['hvcC']>): DecoderConfiguration {
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

/** Bytes of NAL units, each after a 16-bit length. */
function lengthOf(nals: readonly Uint8Array[]): number {
  return nals.reduce((sum, nal) => sum + 2 + nal.length, 0);
}

/**
 * mp4box throws on descriptors in `esds` that it does not know, which are legal: a second try goes without `esds`, and only the
 * details of the audio are lost.
 */
async function parseForeign(tracks: readonly DescribedTrack[], slice: FileSlice): Promise<ForeignEntry[][]> {
  try {
    return await parseMasked(tracks, slice, CONFIGURATIONS);
  } catch {
    return await parseMasked(tracks, slice, CONFIGURATIONS_WITHOUT_ESDS);
  }
}

async function parseMasked(
  tracks: readonly DescribedTrack[],
  slice: FileSlice,
  visible: ReadonlySet<string>,
): Promise<ForeignEntry[][]> {
  const { createFile, Log, MP4BoxBuffer } = await import('mp4box');
  const file = createFile();
  file.buildSampleLists = () => {};
  file.updateSampleLists = () => {};
  const bytes = maskedMovie(tracks, slice, visible);
  const logError = Log.error;
  Log.error = () => {};
  try {
    file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer, 0), true);
    return checkAgainstWalk(tracks, file.moov?.traks ?? []);
  } catch (cause) {
    if (cause instanceof PrpackError) throw cause;
    throw new PrpackError(
      'MALFORMED_INPUT',
      'moov: the codec configuration of a sample entry cannot be read',
      { boxPath: 'moov', remedy: 'Make the file again or repair it by remuxing it.' },
      cause,
    );
  } finally {
    Log.error = logError;
  }
}

/** A movie of the tracks' sample descriptions alone, with 64 bytes after it, so that mp4box takes it for complete. */
function maskedMovie(
  tracks: readonly DescribedTrack[],
  slice: FileSlice,
  visible: ReadonlySet<string>,
): Uint8Array<ArrayBuffer> {
  const traks = tracks.map((track) => {
    const stsd = maskedStsd(track, slice, visible);
    return box('trak', box('mdia', box('minf', box('stbl', stsd))));
  });
  const parts = [box('ftyp', new Uint8Array([0x69, 0x73, 0x6f, 0x6d, 0, 0, 0, 0])), box('moov', ...traks)];
  parts.push(box('free', new Uint8Array(56)));
  const movie = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    movie.set(part, at);
    at += part.length;
  }
  return movie;
}

function maskedStsd(track: DescribedTrack, slice: FileSlice, visible: ReadonlySet<string>): Uint8Array {
  const { stsd, entries, handler } = track;
  const from = stsd.startBytes - slice.startBytes;
  const bytes = slice.bytes.slice(from, from + stsd.sizeBytes);
  const rename = (node: BoxNode, type: string) => {
    bytes.set(Buffer.from(type, 'latin1'), node.startBytes - stsd.startBytes + 4);
  };
  for (const { node, format } of entries) {
    rename(node, mediaTypeOf(handler) ? baseCodecOf(format) : 'free');
    for (const child of node.children) if (!visible.has(child.type)) rename(child, 'free');
    const extra = quickTimeFields(node, handler); // mp4box expects boxes at once
    if (extra)
      bytes.set(box('free', new Uint8Array(extra.sizeBytes - 8)), extra.startBytes - stsd.startBytes);
  }
  return bytes;
}

/** mp4box drops what it does not like without a word: its entries must be the ones that our walk found. */
function checkAgainstWalk(
  tracks: readonly DescribedTrack[],
  traks: readonly { mdia: { minf: { stbl: { stsd: Box & { entries: Mp4boxEntry[] } } } } }[],
): ForeignEntry[][] {
  if (traks.length !== tracks.length) throw disagreement('moov', tracks.length, traks.length);
  return tracks.map(({ stsd, entries }, index) => {
    const foreign = traks[index].mdia.minf.stbl.stsd;
    if (foreign.entries.length !== entries.length) {
      throw disagreement(stsd.path, entries.length, foreign.entries.length);
    }
    return entries.map(({ node }, row) => {
      const found = foreign.entries[row];
      const expected = `${node.sizeBytes} bytes at ${node.startBytes - stsd.startBytes}`;
      const received = `${found.size} bytes at ${found.start! - foreign.start!}`;
      if (expected !== received) throw disagreement(node.path, expected, received);
      return found as ForeignEntry;
    });
  });
}

function disagreement(boxPath: string, expected: string | number, received: string | number): PrpackError {
  return malformed(`${boxPath}: two readers of the sample entries disagree`, { boxPath, expected, received });
}
