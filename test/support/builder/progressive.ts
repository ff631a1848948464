import { box, fullBox, header, text, u8, u16, u32, u64 } from './boxes.js';
import { type BuiltSample, type BuiltTrack, moovBox } from './movie.js';
import { type Piece, totalSize } from './pieces.js';

export interface ProgressiveShape {
  /** Default `first`. */
  readonly moov?: 'first' | 'last';
  /** Samples a chunk; tracks take turns. Default 5. */
  readonly chunkSamples?: number;
  readonly offsets?: 'stco' | 'co64';
  readonly sizes?: 'stsz' | 'stz2';
  /** Chunks are dealt over so many mdats. Default 1. */
  readonly mdats?: number;
  /** Form of the mdat header; 0 (to the end of the file) is for the last one only. Default 32. */
  readonly mdatSize?: 32 | 64 | 0;
  /** Put before the first mdat, between mdats, and inside an mdat before its chunks. */
  readonly beforeMdat?: readonly Piece[];
  readonly betweenMdats?: readonly Piece[];
  readonly insideMdat?: readonly Piece[];
  /** Put behind everything. */
  readonly trailing?: Uint8Array;
  /** Put at the end of every `stbl`. */
  readonly tables?: readonly Uint8Array[];
  /** Put at the end of `moov`. */
  readonly moovBoxes?: readonly Uint8Array[];
  readonly brand?: string;
}

interface Chunk {
  readonly track: number;
  readonly samples: readonly BuiltSample[];
}

/** Lays tracks out as a progressive file. */
export function progressive(tracks: readonly BuiltTrack[], shape: ProgressiveShape = {}): Piece[] {
  const ftyp = box('ftyp', text(shape.brand ?? 'isom'), u32(0x200), text('isomiso2mp41'));
  const chunks = dealChunks(tracks, shape.chunkSamples ?? 5);
  const media = mdatPieces(chunks, shape);
  const trailing = shape.trailing ?? new Uint8Array();
  const place = (offsets: readonly number[]) => moovWith(tracks, chunks, offsets, shape);
  const moovSize = place(chunks.map(() => 0)).length;
  const mediaStart = ftyp.length + (shape.moov === 'last' ? 0 : moovSize);
  const moov = place(media.chunkOffsets.map((offset) => mediaStart + offset));
  return shape.moov === 'last'
    ? [ftyp, ...media.pieces, moov, trailing]
    : [ftyp, moov, ...media.pieces, trailing];
}

/** Tracks take turns; a chunk holds samples of one sample entry only (ISO/IEC 14496-12 8.7.4). */
function dealChunks(tracks: readonly BuiltTrack[], chunkSamples: number): Chunk[] {
  const queues = tracks.map(({ samples }, track) => {
    const chunks: Chunk[] = [];
    for (let at = 0; at < samples.length; ) {
      const full = samples.slice(at, at + chunkSamples);
      const change = full.findIndex(({ entry }) => (entry ?? 0) !== (full[0].entry ?? 0));
      const taken = change < 0 ? full : full.slice(0, change);
      chunks.push({ track, samples: taken });
      at += taken.length;
    }
    return chunks;
  });
  const longest = Math.max(...queues.map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    queues.flatMap((queue) => queue.slice(turn, turn + 1)),
  ).flat();
}

function mdatPieces(chunks: readonly Chunk[], shape: ProgressiveShape) {
  const groups = Math.min(shape.mdats ?? 1, Math.max(chunks.length, 1));
  const pieces: Piece[] = [...(shape.beforeMdat ?? [])];
  const chunkOffsets: number[] = [];
  for (let group = 0; group < groups; group++) {
    const isLast = group === groups - 1;
    const from = Math.floor((group * chunks.length) / groups);
    const to = Math.floor(((group + 1) * chunks.length) / groups);
    const body: Piece[] = [...(shape.insideMdat ?? [])];
    const bodies = chunks
      .slice(from, to)
      .map(({ samples }) => Buffer.concat(samples.map(({ data }) => data)));
    const wanted = shape.mdatSize ?? 32;
    const form = wanted === 0 && !isLast ? 32 : wanted;
    pieces.push(header('mdat', totalSize([...body, ...bodies]), form), ...body);
    for (const bytes of bodies) {
      chunkOffsets.push(totalSize(pieces));
      pieces.push(bytes);
    }
    if (!isLast) pieces.push(...(shape.betweenMdats ?? []));
  }
  return { pieces, chunkOffsets };
}

function moovWith(
  tracks: readonly BuiltTrack[],
  chunks: readonly Chunk[],
  offsets: readonly number[],
  shape: ProgressiveShape,
): Buffer {
  const tablesOf = (track: BuiltTrack, index: number) => {
    const own = chunks
      .map((chunk, i) => ({ ...chunk, offset: offsets[i] }))
      .filter((chunk) => chunk.track === index);
    return sampleTables(track.samples, own, shape);
  };
  return moovBox(tracks, tablesOf, shape.moovBoxes);
}

function sampleTables(
  samples: readonly BuiltSample[],
  chunks: readonly (Chunk & { offset: number })[],
  shape: ProgressiveShape,
): Uint8Array[] {
  const stts = fullBox('stts', 0, 0, u32(samples.length), ...samples.map(({ duration }) => u32(1, duration)));
  const stsc = fullBox(
    'stsc',
    0,
    0,
    u32(chunks.length),
    ...chunks.map((chunk, i) => u32(i + 1, chunk.samples.length, (chunk.samples[0].entry ?? 0) + 1)),
  );
  const offsets = chunks.map(({ offset }) => offset);
  const stco =
    shape.offsets === 'co64'
      ? fullBox('co64', 0, 0, u32(offsets.length), u64(...offsets))
      : fullBox('stco', 0, 0, u32(offsets.length, ...offsets));
  return [stts, ...timing(samples), stsc, sizeTable(samples, shape), stco, ...(shape.tables ?? [])];
}

function timing(samples: readonly BuiltSample[]): Buffer[] {
  const boxes: Buffer[] = [];
  if (samples.some(({ cto }) => cto)) {
    const version = samples.some(({ cto }) => (cto ?? 0) < 0) ? 1 : 0;
    boxes.push(
      fullBox('ctts', version, 0, u32(samples.length), ...samples.map(({ cto }) => u32(1, cto ?? 0))),
    );
  }
  if (samples.some(({ sync }) => sync === false)) {
    const syncs = samples.flatMap(({ sync }, i) => (sync === false ? [] : [i + 1]));
    boxes.push(fullBox('stss', 0, 0, u32(syncs.length, ...syncs)));
  }
  return boxes;
}

function sizeTable(samples: readonly BuiltSample[], shape: ProgressiveShape): Buffer {
  const sizes = samples.map(({ data }) => data.length);
  if (shape.sizes !== 'stz2') return fullBox('stsz', 0, 0, u32(0, sizes.length, ...sizes));
  const bits = Math.max(...sizes) < 16 ? 4 : Math.max(...sizes) < 256 ? 8 : 16;
  const packed = {
    4: () =>
      u8(
        ...Array.from(
          { length: Math.ceil(sizes.length / 2) },
          (_, i) => (sizes[2 * i] << 4) | (sizes[2 * i + 1] ?? 0),
        ),
      ),
    8: () => u8(...sizes),
    16: () => u16(...sizes),
  }[bits]!();
  return fullBox('stz2', 0, 0, u32(bits, sizes.length), packed);
}
