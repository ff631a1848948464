import type { Box, SampleEntry as Mp4boxEntry } from 'mp4box';
import { malformed, PrpackError } from '../errors.js';
import { box } from './boxes/box.js';
import { mediaTypeOf } from './boxes/hdlr.js';
import type { SampleEntry } from './sample-entry.js';
import type { BoxNode, FileSlice } from './walk.js';

/** Dolby Vision entries are laid out as those of their base codec (Dolby Vision Streams Within ISOBMFF, 3). */
export const BASE_CODECS: Record<string, string> = {
  dvh1: 'hvc1',
  dvhe: 'hev1',
  dva1: 'avc1',
  dvav: 'avc3',
  dav1: 'av01',
};

/** The boxes inside a sample entry that mp4box gets to see. */
const CONFIGURATIONS_WITHOUT_ESDS = new Set(['avcC', 'hvcC', 'vvcC', 'av1C', 'vpcC']);
const CONFIGURATIONS = new Set([...CONFIGURATIONS_WITHOUT_ESDS, 'esds', 'wave']);
const AUDIO_FIELDS_BYTES = 28;

/** A track as our own walk found it. */
export interface DescribedTrack {
  readonly trackId: number;
  readonly handler: string;
  readonly stsd: BoxNode;
  readonly entries: readonly SampleEntry[];
}

/** The parts of mp4box's sample entries that are read here. */
export interface ForeignEntry extends Mp4boxEntry {
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
 * mp4box's entries, track by track. mp4box throws on descriptors in `esds` that it does not know, which are legal:
 * a second try goes without `esds`, and only the details of the audio are lost.
 */
export async function parseForeign(
  tracks: readonly DescribedTrack[],
  slice: FileSlice,
): Promise<ForeignEntry[][]> {
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
    rename(node, mediaTypeOf(handler) ? (BASE_CODECS[format] ?? format) : 'free');
    for (const child of node.children) if (!visible.has(child.type)) rename(child, 'free');
    const extra = quickTimeFields(node, handler);
    if (extra)
      bytes.set(box('free', new Uint8Array(extra.sizeBytes - 8)), extra.startBytes - stsd.startBytes);
  }
  return bytes;
}

/** Fields that QuickTime sound descriptions of version 1 and 2 have before their boxes; mp4box expects boxes at once. */
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
