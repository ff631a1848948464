import { GrowingColumn, lastAtMost } from '../bytes/columns.js';
import { latin1 } from '../bytes/reader.js';
import { type ByteSource, ReadWindow, readBytes } from '../bytes/source.js';
import { malformed, PrpackError } from '../errors.js';
import { type BoxHeader, type FileSlice, MAX_HEADER_BYTES, readBoxHeader } from './walk.js';

/** What a run of top-level bytes is to prpack. */
export enum RunKind {
  /** Boxes whose bytes are carried as they are: unknown ones, `ftyp`, `styp`, `emsg`, `uuid`… */
  Other,
  /** `mdat`: where samples lie. */
  Media,
  /** `free`, `skip`, `wide`: carried where the layout is kept, dropped where it is made anew. */
  Padding,
  Moov,
  Moof,
  Sidx,
  /** Ranges inside the segments of a `sidx`. */
  Ssix,
  Mfra,
  /** File-level `meta`, whose item locations are file offsets. */
  Meta,
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
}

/**
 * Reads the headers of all top-level boxes.
 * @throws PrpackError NOT_MP4 when the file does not begin with boxes; TRUNCATED_INPUT when the last one is cut
 */
export function readTopLevel(source: ByteSource): TopLevel {
  const window = new ReadWindow(source);
  const kinds = new GrowingColumn('u8');
  const starts = new GrowingColumn('f64');
  let at = 0;
  while (at < source.sizeBytes) {
    const left = source.sizeBytes - at;
    const bytes = window.view(at, Math.min(left, MAX_HEADER_BYTES));
    if (at === 0) expectMp4(bytes, source);
    const header = readBoxHeader(bytes, at, '');
    // Bytes behind the last box that cannot be a box themselves are carried along.
    const sizeBytes = header ? boxSize(header, at, source) : left;
    const kind = header ? (KINDS[header.type] ?? RunKind.Other) : RunKind.Other;
    const last = kinds.length - 1;
    const merges =
      (kind === RunKind.Other || kind === RunKind.Padding) && last >= 0 && kinds.values[last] === kind;
    if (!merges) {
      kinds.push(kind);
      starts.push(at);
    }
    at += sizeBytes;
  }
  starts.push(at);
  return { count: kinds.length, kinds: kinds.finish(), startBytes: starts.finish() };
}

/** Index of the run that a file offset lies in; the last run for the end of the file. */
export function runAt(topLevel: TopLevel, offsetBytes: number): number {
  return lastAtMost(topLevel.startBytes, offsetBytes, topLevel.count);
}

const MAX_BOX_BYTES = 64 * 2 ** 20;

/**
 * Reads a run whole: for boxes of metadata, which no real file has larger than `maxBytes`.
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
    throw new PrpackError('UNSUPPORTED_FEATURE', `${type}: the box is larger than any real movie needs`, {
      boxPath: type,
      offsetBytes: startBytes,
      expected: maxBytes,
      received: sizeBytes,
      remedy:
        'Remux the file with shorter fragments and without pictures or other large data beside the media.',
    });
  }
  return { bytes: readBytes(source, startBytes, sizeBytes), startBytes };
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
    const header = readBoxHeader(readBytes(source, at, Math.min(MAX_HEADER_BYTES, endBytes - at)), at, '');
    const sizeBytes = header?.sizeBytes || endBytes - at;
    yield { type: header?.type, startBytes: at, sizeBytes };
    at += sizeBytes;
  }
}

const FIRST_BOXES = new Set(
  'ftyp styp moov moof mdat free skip wide sidx uuid pnot meta emsg prft pdin udta'.split(' '),
);

function expectMp4(head: Uint8Array, source: ByteSource): void {
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

function boxSize(header: BoxHeader, at: number, source: ByteSource): number {
  const left = source.sizeBytes - at;
  if (header.sizeBytes === 0) {
    if (header.type === 'mdat' || header.type === 'free' || header.type === 'skip') return left;
    throw malformed(`${header.type}: a box of open size is not allowed here`, {
      boxPath: header.type,
      offsetBytes: at,
      clause: 'ISO/IEC 14496-12 4.2.2',
    });
  }
  if (header.sizeBytes <= left) return header.sizeBytes;
  const known = header.type in KINDS || FIRST_BOXES.has(header.type);
  const details = { boxPath: header.type, offsetBytes: at, expected: header.sizeBytes, received: left };
  if (!known)
    throw malformed('the file holds bytes that are not a box', { ...details, boxPath: '(top level)' });
  throw new PrpackError('TRUNCATED_INPUT', `${header.type}: the file ends inside this box`, {
    ...details,
    path: source.path,
    remedy: 'The file is incomplete: copy or download it again, or repair it by remuxing it.',
  });
}
