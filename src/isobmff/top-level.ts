import { GrowingColumn, lastAtMost } from '../bytes/columns.js';
import { latin1 } from '../bytes/reader.js';
import { type ByteSource, ReadWindow, readBytes } from '../bytes/source.js';
import { malformed, PrpackError } from '../errors.js';
import { assertNoHiddenSamples, endsInsideBox, readTailBytes, type Tail } from './tail.js';
import {
  assertRoomForHeader,
  type BoxHeader,
  type FileSlice,
  MAX_HEADER_BYTES,
  parseBoxHeader,
  readBoxHeader,
} from './walk.js';

/** What a run of top-level bytes is to prpack. */
export enum RunKind {
  /** Boxes whose bytes are carried as they are: unknown ones, `ftyp`, `styp`, `emsg`, `uuid`… */
  Other,
  /** `mdat`: where samples lie. */
  Media,
  /** `free`, `skip`, `wide`: carried where the layout is kept, dropped where it is made again. */
  Padding,
  Moov,
  Moof,
  Sidx,
  /** Ranges inside the segments of a `sidx`. */
  Ssix,
  Mfra,
  /** File-level `meta`, whose item locations are file offsets. */
  Meta,
  /** Bytes behind the last box that are no box: carried where the layout is kept, dropped where it is made again. */
  Tail,
}

const KINDS: Record<string, RunKind> = {
  mdat: RunKind.Media,
  free: RunKind.Padding,
  skip: RunKind.Padding,
  wide: RunKind.Padding,
  moov: RunKind.Moov,
  moof: RunKind.Moof,
  sidx: RunKind.Sidx,
  ssix: RunKind.Ssix,
  mfra: RunKind.Mfra,
  meta: RunKind.Meta,
};

/**
 * The file as consecutive runs of top-level boxes, in columns: a fragmented file has many thousands. Neighbours of
 * kind Other or Padding share a run. The runs fill the file without gaps.
 */
export interface TopLevel {
  readonly count: number;
  readonly kinds: Uint8Array;
  /** count + 1 offsets: the last is the size of the file. */
  readonly startBytes: Float64Array;
  /** Absent when the file ends with a whole box. */
  readonly tail: Tail | undefined;
}

/** Read at once: small boxes are many together; of a large one no more than its header is needed. */
const HEADERS_BYTES = 4096;

/**
 * Reads the headers of all top-level boxes. A last `mdat` may claim more bytes than the file has: whether samples are
 * missing, their tables say.
 * @param fromBytes where a part of a file begins, with a box
 * @throws PrpackError NOT_MP4 when the file does not begin with boxes; TRUNCATED_INPUT when the last one is cut;
 *   MALFORMED_INPUT
 */
export function readTopLevel(source: ByteSource, fromBytes = 0): TopLevel {
  const window = new ReadWindow(source, HEADERS_BYTES);
  const kinds = new GrowingColumn('u8');
  const starts = new GrowingColumn('f64');
  let tail: Tail | undefined;
  let at = fromBytes;
  while (at < source.sizeBytes) {
    const left = source.sizeBytes - at;
    const bytes = window.view(at, Math.min(left, MAX_HEADER_BYTES));
    if (at === 0) assertMp4(bytes, source);
    const parsed = parseBoxHeader(bytes);
    const header = parsed && isBox(parsed, left) ? parsed : undefined;
    tail = header ? tailOf(header, at, source) : readTailBytes(source, at);
    const kind = header ? (KINDS[header.type] ?? RunKind.Other) : RunKind.Tail;
    const last = kinds.length - 1;
    const merges =
      (kind === RunKind.Other || kind === RunKind.Padding) && last >= 0 && kinds.values[last] === kind;
    if (!merges) {
      kinds.push(kind);
      starts.push(at);
    }
    at += tail?.sizeBytes ?? header!.sizeBytes;
  }
  starts.push(at);
  return { count: kinds.length, kinds: kinds.finish(), startBytes: starts.finish(), tail };
}

/** Index of the run that a file offset lies in; the last run for the end of the file. */
export function runAt(topLevel: TopLevel, offsetBytes: number): number {
  return lastAtMost(topLevel.startBytes, offsetBytes, topLevel.count);
}

const MAX_BOX_BYTES = 64 * 2 ** 20;

/**
 * Reads a run whole: for boxes of metadata, which no real file has larger than `maxBytes`. The bytes are not to be changed.
 * @throws PrpackError UNSUPPORTED_FEATURE
 */
export function readRun(
  source: ByteSource,
  topLevel: TopLevel,
  run: number,
  maxBytes = MAX_BOX_BYTES,
): FileSlice {
  const startBytes = topLevel.startBytes[run];
  const sizeBytes = topLevel.startBytes[run + 1] - startBytes;
  if (sizeBytes > maxBytes) {
    const type = latin1(readBytes(source, startBytes, 8).subarray(4));
    throw tooLarge({ type, startBytes, sizeBytes }, maxBytes);
  }
  const held = source.view?.(startBytes, sizeBytes);
  return { bytes: held ?? readBytes(source, startBytes, sizeBytes), startBytes };
}

/** @throws PrpackError UNSUPPORTED_FEATURE when a box of metadata is larger than any real one */
export function assertReadable(box: BoxExtent): void {
  if (box.sizeBytes > MAX_BOX_BYTES) throw tooLarge(box, MAX_BOX_BYTES);
}

function tooLarge({ type = '', startBytes, sizeBytes }: BoxExtent, maxBytes: number): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${type}: the box is larger than any real movie needs`, {
    boxPath: type,
    offsetBytes: startBytes,
    expected: maxBytes,
    received: sizeBytes,
    remedy:
      'Remux the file with shorter fragments and without pictures or other large data next to the media.',
  });
}

/** A box of which only the header was read. */
export interface BoxExtent {
  /** Undefined for bytes that are no box: only the last of the file can be such. */
  readonly type: string | undefined;
  readonly startBytes: number;
  readonly sizeBytes: number;
}

/** The boxes of a run, one after the other. */
export function* boxesOfRun(source: ByteSource, topLevel: TopLevel, run: number): Generator<BoxExtent> {
  const endBytes = topLevel.startBytes[run + 1];
  for (let at = topLevel.startBytes[run]; at < endBytes; ) {
    const bytes = readBytes(source, at, Math.min(MAX_HEADER_BYTES, endBytes - at));
    const header = topLevel.kinds[run] === RunKind.Tail ? undefined : readBoxHeader(bytes, at, '');
    const sizeBytes = Math.min(header?.sizeBytes || Number.POSITIVE_INFINITY, endBytes - at);
    yield { type: header?.type, startBytes: at, sizeBytes };
    at += sizeBytes;
  }
}

const FIRST_BOXES = new Set(
  'ftyp styp moov moof mdat free skip wide sidx uuid pnot meta emsg prft pdin udta'.split(' '),
);

const KNOWN_BOXES = new Set([...FIRST_BOXES, ...Object.keys(KINDS)]);

function assertMp4(head: Uint8Array, source: ByteSource): void {
  const type = latin1(head.subarray(4, 8));
  if (FIRST_BOXES.has(type)) return;
  throw new PrpackError('NOT_MP4', `${source.path} is not an MP4 file: it does not begin with a known box`, {
    path: source.path,
    offsetBytes: 0,
    expected: 'ftyp',
    clause: 'ISO/IEC 14496-12 4.3',
    remedy: 'Give an MP4, M4A, M4V, CMAF or MOV file; other containers can be remuxed with ffmpeg -c copy.',
  });
}

/** Whether a top-level box of the type is one that readers look for. */
export function isKnown(type: string): boolean {
  return KNOWN_BOXES.has(type);
}

/**
 * Whether it is a box that begins so: bytes of an unknown type and a size that makes no sense are padding, or what
 * another program put there.
 */
export function isBox({ type, headerBytes, sizeBytes }: BoxHeader, leftBytes: number): boolean {
  return isKnown(type) || (sizeBytes >= headerBytes && sizeBytes <= leftBytes);
}

/** Boxes of which nothing is missed that samples do not miss. */
const MAY_END_THE_FILE = new Set([RunKind.Media, RunKind.Padding]);

/**
 * What is to be known of a box that takes the rest of the file; undefined for one of a size.
 * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT
 */
function tailOf(header: BoxHeader, at: number, source: ByteSource): Tail | undefined {
  const { type, sizeBytes: claimed, headerBytes } = header;
  const sizeBytes = source.sizeBytes - at;
  assertRoomForHeader(header, at, '');
  if (claimed !== 0 && claimed <= sizeBytes) return undefined;
  const isOpen = claimed === 0;
  const tail: Tail = {
    kind: isOpen ? 'open' : 'cut',
    type,
    startBytes: at,
    sizeBytes,
    claimedBytes: isOpen ? sizeBytes : claimed,
  };
  const kind = KINDS[type] ?? RunKind.Other;
  if (!MAY_END_THE_FILE.has(kind) || (isOpen && type === 'wide')) {
    throw isOpen ? openSize(type, at) : endsInsideBox(tail, source.path);
  }
  if (kind === RunKind.Padding) {
    assertNoHiddenSamples(source, at + headerBytes, { boxPath: type, offsetBytes: at });
  }
  return tail;
}

function openSize(type: string, offsetBytes: number): PrpackError {
  return malformed(`${type}: a box of open size is not allowed here`, {
    boxPath: type,
    offsetBytes,
    clause: 'ISO/IEC 14496-12 4.2.2',
  });
}
