import { fourccAt, readU32 } from '../bytes/reader.js';
import { bytesToUuid } from '../bytes/uuid.js';
import { malformed, type PrpackError } from '../errors.js';

/** Where a box is, and what lies inside it (ISO/IEC 14496-12 4.2). Its bytes are kept elsewhere. */
export interface BoxNode {
  readonly type: string;
  /** Of a `uuid` box: its extended type, as UUID text. */
  readonly userType: string | undefined;
  /** Absolute file offset of the box's first byte. */
  readonly startBytes: number;
  /** 8, or 16 with a 64-bit size; a `uuid` box's 16 bytes of user type come on top. */
  readonly headerBytes: number;
  readonly sizeBytes: number;
  /** Boxes inside, where this reader looks inside; empty otherwise. */
  readonly children: readonly BoxNode[];
  /** File offset behind the fields of a sample entry, where the first box inside is or would be. */
  readonly fieldsEndBytes?: number;
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
  readonly userType: string | undefined;
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
  const header = parseBoxHeader(bytes);
  if (header) assertRoomForHeader(header, offsetBytes, parent);
  return header;
}

/**
 * As `readBoxHeader`, where the bytes may be something else than a box: any size is returned.
 * @param at where in `bytes` the header starts; it must fit before `end`
 */
export function parseBoxHeader(bytes: Uint8Array, at = 0, end = bytes.length): BoxHeader | undefined {
  if (end - at < 8) return undefined;
  const type = fourccAt(bytes, at + 4);
  let sizeBytes = readU32(bytes, at);
  let headerBytes = 8;
  if (sizeBytes === 1) {
    if (end - at < 16) return undefined;
    headerBytes = 16;
    const large = readU32(bytes, at + 8) * 2 ** 32 + readU32(bytes, at + 12);
    sizeBytes = large > Number.MAX_SAFE_INTEGER ? Number.POSITIVE_INFINITY : large;
  }
  let userType: string | undefined;
  if (type === 'uuid') {
    if (end - at < headerBytes + 16) return undefined;
    userType = bytesToUuid(bytes.subarray(at + headerBytes, at + headerBytes + 16));
    headerBytes += 16;
  }
  return { type, userType, headerBytes, sizeBytes };
}

/** @throws PrpackError MALFORMED_INPUT when the size is smaller than the header */
export function assertRoomForHeader(
  { type, headerBytes, sizeBytes }: BoxHeader,
  offsetBytes: number,
  parent: string,
): void {
  if (sizeBytes === 0 || sizeBytes >= headerBytes) return;
  const path = join(parent, printable(type));
  throw malformed(`${path}: the box is smaller than its own header`, {
    boxPath: path,
    offsetBytes,
    expected: headerBytes,
    received: sizeBytes,
    clause: 'ISO/IEC 14496-12 4.2.2',
  });
}

/**
 * The tree of a whole box whose bytes are in memory.
 * @throws PrpackError MALFORMED_INPUT when a child's size does not fit, or boxes nest too deep or are too many
 */
export function walkBox(slice: FileSlice, path: string): BoxNode {
  const header = readBoxHeader(slice.bytes, slice.startBytes, '');
  if (!header) throw tooShort(path, slice.startBytes, slice.bytes.length);
  return new Walker(slice).node(header, 0, slice.bytes.length, path, 1);
}

/** The boxes that fill `[startBytes, endBytes)` of the file, from bytes in memory. */
export function walkChildren(
  slice: FileSlice,
  startBytes: number,
  endBytes: number,
  parentPath: string,
): BoxNode[] {
  const from = startBytes - slice.startBytes;
  return new Walker(slice).range(from, endBytes - slice.startBytes, parentPath, 1);
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

/** Walks boxes whose bytes are in memory. One walker is for one walk: it counts the boxes. */
class Walker {
  readonly #slice: FileSlice;
  #boxes = 0;

  constructor(slice: FileSlice) {
    this.#slice = slice;
  }

  /** The box with that header in bytes `[at, end)` of the slice, and what lies inside it. */
  node(header: BoxHeader, at: number, end: number, path: string, depth: number): BoxNode {
    const startBytes = this.#slice.startBytes + at;
    if (depth > MAX_DEPTH) throw tooMuch(path, startBytes, `nest deeper than ${MAX_DEPTH} levels`);
    if (++this.#boxes > MAX_BOXES) throw tooMuch(path, startBytes, `are more than ${MAX_BOXES}`);
    const { type, userType, headerBytes } = header;
    const children = CONTAINERS.has(type) ? this.range(at + headerBytes, end, path, depth + 1) : [];
    return { type, userType, startBytes, headerBytes, sizeBytes: end - at, children, path };
  }

  /** The boxes that fill bytes `[from, end)` of the slice. */
  range(from: number, end: number, parentPath: string, depth: number): BoxNode[] {
    const nodes: BoxNode[] = [];
    const seen = new Map<string, number>();
    let at = from;
    // QuickTime ends some containers with four zero bytes: fewer bytes than a header are carried along unread.
    while (end - at >= 8) {
      const header = this.#header(at, end, parentPath);
      const index = seen.get(header.type) ?? 0;
      seen.set(header.type, index + 1);
      const path = join(parentPath, nameOf(header.type, index));
      if (header.sizeBytes === 0 || header.sizeBytes > end - at) {
        throw this.#overrun(path, parentPath, at, end, header.sizeBytes);
      }
      nodes.push(this.node(header, at, at + header.sizeBytes, path, depth));
      at += header.sizeBytes;
    }
    return nodes;
  }

  #header(at: number, end: number, parentPath: string): BoxHeader {
    const { bytes, startBytes } = this.#slice;
    const header = parseBoxHeader(bytes, at, end);
    if (header) {
      assertRoomForHeader(header, startBytes + at, parentPath);
      return header;
    }
    const type = fourccAt(bytes, at + 4);
    throw this.#overrun(join(parentPath, nameOf(type, 0)), parentPath, at, end, 'a cut header');
  }

  #overrun(
    path: string,
    parentPath: string,
    at: number,
    end: number,
    received: number | string,
  ): PrpackError {
    return malformed(`${path}: the box does not fit into ${parentPath || 'the file'}`, {
      boxPath: path,
      offsetBytes: this.#slice.startBytes + at,
      expected: `at most ${end - at} bytes`,
      received,
      clause: 'ISO/IEC 14496-12 4.2.2',
    });
  }
}

/** A box in a path: boxes that come several times are told apart by their number. */
function nameOf(type: string, index: number): string {
  const name = printable(type);
  return index > 0 || type === 'trak' || type === 'traf' ? `${name}[${index}]` : name;
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

const UNPRINTABLE = /[^\x20-\x7e\xa9]/g;

function printable(type: string): string {
  for (let i = 0; i < type.length; i++) {
    const code = type.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return type.replace(UNPRINTABLE, '?');
  }
  return type; // all but always, and cheaper than to ask the regular expression
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
