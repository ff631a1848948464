import { ByteReader } from '../bytes/reader.js';
import { malformed, type PrpackError } from '../errors.js';
import { mediaTypeOf } from './boxes/hdlr.js';
import { readSinf, type Sinf } from './boxes/sinf.js';
import { type BoxNode, type FileSlice, walkChildren } from './walk.js';

/** One entry of `stsd`: how samples are coded (ISO/IEC 14496-12 8.5.2, 12.1.3, 12.2.3). */
export interface SampleEntry {
  /** The entry's type as it stands in the file. */
  readonly fourcc: string;
  /** The type that names the codec: `frma` of a protected entry, else the entry's own. */
  readonly format: string;
  readonly node: BoxNode;
  /** Only of a protected entry (`encv`, `enca`, …). */
  readonly protection?: Sinf;
}

const PROTECTED_ENTRIES = new Set(['encv', 'enca', 'enct', 'encs', 'encm', 'encf', 'encu', 'enc3']);

/** Bytes of the fields between an entry's header and its first child. */
const VISUAL_FIELDS_BYTES = 78;
const AUDIO_FIELDS_BYTES = 28;
/** QuickTime sound descriptions of version 1 and 2 have more fields (QuickTime File Format, Sound Media). */
const QUICKTIME_SOUND_EXTRA_BYTES: Record<number, number> = { 1: 16, 2: 36 };

/**
 * Reads the entries of a `stsd`, and the boxes inside audio and video entries.
 * @returns the entries and a copy of the `stsd` node with them as its children
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSampleEntries(
  stsd: BoxNode,
  handler: string,
  slice: FileSlice,
): { entries: SampleEntry[]; stsd: BoxNode } {
  const reader = readerOf(stsd, slice);
  const version = reader.u8();
  reader.skip(3);
  const entryCount = reader.u32();
  const firstBytes = stsd.startBytes + stsd.headerBytes + 8;
  const found = walkChildren(slice, firstBytes, stsd.startBytes + stsd.sizeBytes, stsd.path);
  if (found.length < entryCount || entryCount === 0) {
    throw malformed(`${stsd.path}: ${entryCount} sample entries are announced`, {
      boxPath: stsd.path,
      offsetBytes: stsd.startBytes,
      expected: entryCount || 'at least 1',
      received: found.length,
      clause: 'ISO/IEC 14496-12 8.5.2',
    });
  }
  const children = found.map((node, i) =>
    i < entryCount ? withChildren(node, fieldsBytes(node, handler, version, slice), slice) : node,
  );
  return {
    entries: children.slice(0, entryCount).map((node) => toEntry(node, slice)),
    stsd: { ...stsd, children },
  };
}

function toEntry(node: BoxNode, slice: FileSlice): SampleEntry {
  if (!PROTECTED_ENTRIES.has(node.type)) return { fourcc: node.type, format: node.type, node };
  // 8.12.1: one sinf a scheme that the samples can be read by.
  const sinfs = node.children
    .filter((child) => child.type === 'sinf')
    .map((sinf) => readSinf(readerOf(sinf, slice)));
  const protection = sinfs.find(({ tenc }) => tenc) ?? sinfs[0];
  if (!protection) throw entryError(node, 'a protected sample entry has no sinf', 'ISO/IEC 14496-12 8.12.1');
  return { fourcc: node.type, format: protection.originalFormat, node, protection };
}

function fieldsBytes(
  node: BoxNode,
  handler: string,
  stsdVersion: number,
  slice: FileSlice,
): number | undefined {
  const mediaType = mediaTypeOf(handler);
  if (mediaType === undefined) return undefined;
  if (mediaType === 'video') return VISUAL_FIELDS_BYTES;
  const reader = readerOf(node, slice);
  reader.skip(8); // reserved, data_reference_index
  const entryVersion = reader.u16();
  // Under a version 1 stsd the entry is an ISO AudioSampleEntryV1, which is as long as version 0.
  const extra = stsdVersion === 0 ? (QUICKTIME_SOUND_EXTRA_BYTES[entryVersion] ?? 0) : 0;
  return AUDIO_FIELDS_BYTES + extra;
}

function withChildren(node: BoxNode, fields: number | undefined, slice: FileSlice): BoxNode {
  if (fields === undefined) return node;
  const start = node.startBytes + node.headerBytes + fields;
  const end = node.startBytes + node.sizeBytes;
  if (start > end) throw entryError(node, 'the sample entry is too short', 'ISO/IEC 14496-12 8.5.2');
  return { ...node, children: walkChildren(slice, start, end, node.path), fieldsEndBytes: start };
}

function entryError(node: BoxNode, message: string, clause: string): PrpackError {
  return malformed(`${node.path}: ${message}`, { boxPath: node.path, offsetBytes: node.startBytes, clause });
}

/** A reader over a box's payload: what follows its header. */
export function readerOf(node: BoxNode, slice: FileSlice): ByteReader {
  const from = node.startBytes - slice.startBytes;
  const payload = slice.bytes.subarray(from + node.headerBytes, from + node.sizeBytes);
  return new ByteReader(payload, { boxPath: node.path, offsetBytes: node.startBytes + node.headerBytes });
}
