import { latin1 } from '../bytes/reader.js';
import { bytesToUuid } from '../bytes/uuid.js';
import { malformed, type PrpackError } from '../errors.js';

/** Where a box is, and what lies inside it (ISO/IEC 14496-12 4.2). Its bytes are kept elsewhere. */
export interface BoxNode {
  readonly type: string;
  /** Of a `uuid` box: its extended type, as UUID text. */
  readonly userType?: string;
  /** Absolute file offset of the box's first byte. */
  readonly startBytes: number;
  /** 8, or 16 with a 64-bit size; a `uuid` box's 16 bytes of user type come on top. */
  readonly headerBytes: number;
  readonly sizeBytes: number;
  /** Boxes inside, where this reader looks inside; empty otherwise. */
  readonly children: readonly BoxNode[];
  /** Such as `moov/trak[1]/mdia`: the index counts boxes of the same type before it. */
  readonly path: string;
}

/** Bytes in memory and where in the file they are from. */
export interface FileSlice {
  readonly bytes: Uint8Array;
  readonly startBytes: number;
}

export interface BoxHeader {
  readonly type: string;
  readonly userType?: string;
  readonly headerBytes: number;
  /** 0 means: to the end of the file. */
  readonly sizeBytes: number;
}

const CONTAINERS = new Set(
  'moov trak edts mdia minf dinf stbl mvex moof traf mfra sinf schi rinf'.split(' '),
);
const MAX_DEPTH = 12;
const MAX_BOXES = 100_000;

/** The longest header: size, type, 64-bit size, user type. */
export const MAX_HEADER_BYTES = 32;

/**
 * The header at the start of `bytes`, or undefined when `bytes` is too short to hold it.
 * @throws PrpackError MALFORMED_INPUT when the size is smaller than the header
 */
export function readBoxHeader(bytes: Uint8Array, offsetBytes: number, parent: string): BoxHeader | undefined {
  if (bytes.length < 8) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const type = latin1(bytes.subarray(4, 8));
  let sizeBytes = view.getUint32(0);
  let headerBytes = 8;
  if (sizeBytes === 1) {
    if (bytes.length < 16) return undefined;
    headerBytes = 16;
    const large = view.getBigUint64(8);
    sizeBytes = large > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(large);
  }
  let userType: string | undefined;
  if (type === 'uuid') {
    if (bytes.length < headerBytes + 16) return undefined;
    userType = bytesToUuid(bytes.subarray(headerBytes, headerBytes + 16));
    headerBytes += 16;
  }
  if (sizeBytes !== 0 && sizeBytes < headerBytes) {
    const path = join(parent, printable(type));
    throw malformed(`${path}: the box is smaller than its own header`, {
      boxPath: path,
      offsetBytes,
      expected: headerBytes,
      received: sizeBytes,
      clause: 'ISO/IEC 14496-12 4.2.2',
    });
  }
  return { type, ...(userType && { userType }), headerBytes, sizeBytes };
}

/**
 * The tree of a whole box whose bytes are in memory.
 * @throws PrpackError MALFORMED_INPUT when a child's size does not fit, or boxes nest too deep or are too many
 */
export function walkBox(slice: FileSlice, path: string): BoxNode {
  const header = readBoxHeader(slice.bytes, slice.startBytes, '');
  if (!header) throw tooShort(path, slice.startBytes, slice.bytes.length);
  const budget = { boxes: MAX_BOXES };
  return walkNode(slice, { header, at: 0, end: slice.bytes.length, path, depth: 1, budget });
}

/** The boxes that fill `[startBytes, endBytes)` of the file, from bytes in memory. */
export function walkChildren(
  slice: FileSlice,
  startBytes: number,
  endBytes: number,
  parentPath: string,
): BoxNode[] {
  const range = { at: startBytes - slice.startBytes, end: endBytes - slice.startBytes };
  return walkRange(slice, { ...range, path: parentPath, depth: 1, budget: { boxes: MAX_BOXES } });
}

/** The tree of a whole `meta` box. It is a full box, except in QuickTime files: a child's size is never 0. */
export function walkMeta(slice: FileSlice, path: string): BoxNode {
  const meta = walkBox(slice, path);
  const end = meta.startBytes + meta.sizeBytes;
  const first = meta.startBytes + meta.headerBytes;
  const isFullBox = slice.bytes
    .subarray(first - slice.startBytes)
    .subarray(0, 4)
    .every((byte) => byte === 0);
  return { ...meta, children: walkChildren(slice, first + (isFullBox ? 4 : 0), end, path) };
}

/** The whole box, header included, as a view. */
export function bytesOf(node: BoxNode, slice: FileSlice): Uint8Array {
  const from = node.startBytes - slice.startBytes;
  return slice.bytes.subarray(from, from + node.sizeBytes);
}

interface Range {
  readonly at: number;
  readonly end: number;
  readonly path: string;
  readonly depth: number;
  readonly budget: { boxes: number };
}

function walkNode(slice: FileSlice, place: Range & { header: BoxHeader }): BoxNode {
  const { header, at, end, path, depth, budget } = place;
  if (depth > MAX_DEPTH) throw tooMuch(path, slice.startBytes + at, `nest deeper than ${MAX_DEPTH} levels`);
  if (--budget.boxes < 0) throw tooMuch(path, slice.startBytes + at, `are more than ${MAX_BOXES}`);
  const inside = { at: at + header.headerBytes, end, path, depth: depth + 1, budget };
  return {
    ...header,
    startBytes: slice.startBytes + at,
    sizeBytes: end - at,
    path,
    children: CONTAINERS.has(header.type) ? walkRange(slice, inside) : [],
  };
}

function walkRange(slice: FileSlice, range: Range): BoxNode[] {
  const nodes: BoxNode[] = [];
  const seen = new Map<string, number>();
  let at = range.at;
  // QuickTime ends some containers with four zero bytes: fewer bytes than a header are carried along unread.
  while (range.end - at >= 8) {
    const offsetBytes = slice.startBytes + at;
    const header = readBoxHeader(slice.bytes.subarray(at, range.end), offsetBytes, range.path);
    const index = seen.get(header?.type ?? '') ?? 0;
    const name = printable(header?.type ?? latin1(slice.bytes.subarray(at + 4, at + 8)));
    const path = join(
      range.path,
      index > 0 || name === 'trak' || name === 'traf' ? `${name}[${index}]` : name,
    );
    if (!header || header.sizeBytes === 0 || header.sizeBytes > range.end - at) {
      throw malformed(`${path}: the box does not fit into ${range.path || 'the file'}`, {
        boxPath: path,
        offsetBytes,
        expected: `at most ${range.end - at} bytes`,
        received: header?.sizeBytes ?? 'a cut header',
        clause: 'ISO/IEC 14496-12 4.2.2',
      });
    }
    seen.set(header.type, index + 1);
    nodes.push(walkNode(slice, { ...range, header, at, end: at + header.sizeBytes, path }));
    at += header.sizeBytes;
  }
  return nodes;
}

/** The first child of a type. */
export function findChild(node: BoxNode, type: string): BoxNode | undefined {
  return node.children.find((child) => child.type === type);
}

/** The first box below a node, along a path of types such as `mdia/minf/stbl`. */
export function findPath(node: BoxNode, path: string): BoxNode | undefined {
  let found: BoxNode | undefined = node;
  for (const type of path.split('/')) found = found && findChild(found, type);
  return found;
}

/** @throws PrpackError MALFORMED_INPUT when the box is not there */
export function requirePath(node: BoxNode, path: string, clause: string): BoxNode {
  const found = findPath(node, path);
  if (found) return found;
  const missing = `${node.path}/${path}`;
  throw malformed(`${missing} is missing`, { boxPath: missing, offsetBytes: node.startBytes, clause });
}

function join(parent: string, name: string): string {
  return parent ? `${parent}/${name}` : name;
}

function printable(type: string): string {
  return type.replace(/[^\x20-\x7e\xa9]/g, '?');
}

function tooShort(path: string, offsetBytes: number, received: number): PrpackError {
  return malformed(`${path}: too short for a box header`, {
    boxPath: path,
    offsetBytes,
    expected: 8,
    received,
  });
}

function tooMuch(path: string, offsetBytes: number, what: string): PrpackError {
  return malformed(`${path}: boxes ${what}`, { boxPath: path, offsetBytes });
}
