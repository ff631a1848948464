import { malformed } from '../../errors.js';
import type { RawBitReader } from '../raw-bit-reader.js';
import type { Av1SequenceHeader } from './sequence-header.js';

/** How a frame is divided into tiles (AV1 bitstream 5.9.15). */
export interface Av1Tiling {
  readonly tileCount: number;
  /** Bits of `tg_start` and `tg_end`: TileColsLog2 + TileRowsLog2. */
  readonly tileIndexBits: number;
  /** TileSizeBytes; 0 when there is one tile. */
  readonly tileSizeBytes: number;
}

const MAX_TILE_WIDTH = 4096;
const MAX_TILE_AREA = 4096 * 2304;
const MAX_TILE_COLS = 64;
const MAX_TILE_ROWS = 64;

interface Axis {
  readonly count: number;
  readonly log2: number;
}

/** tile_info(), 5.9.15. Sizes in pixels; the width is the one that superres reduced. */
export function readAv1TileInfo(
  reader: RawBitReader,
  { use128x128Superblock }: Av1SequenceHeader,
  frameWidth: number,
  frameHeight: number,
): Av1Tiling {
  const superblockLog2 = use128x128Superblock ? 7 : 6;
  const columns = Math.ceil(frameWidth / 2 ** superblockLog2);
  const rows = Math.ceil(frameHeight / 2 ** superblockLog2);
  const maxWidth = MAX_TILE_WIDTH >> superblockLog2;
  const minColumnsLog2 = tileLog2(maxWidth, columns);
  const minTilesLog2 = Math.max(
    minColumnsLog2,
    tileLog2(MAX_TILE_AREA >> (2 * superblockLog2), rows * columns),
  );
  const isUniform = reader.flag(); // uniform_tile_spacing_flag
  const [across, down] = isUniform
    ? readUniformAxes(reader, columns, rows, minColumnsLog2, minTilesLog2)
    : readExplicitAxes(reader, columns, rows, maxWidth, minTilesLog2);
  const tileIndexBits = across.log2 + down.log2;
  let tileSizeBytes = 0;
  if (tileIndexBits > 0) {
    reader.skip(tileIndexBits); // context_update_tile_id
    tileSizeBytes = reader.u(2) + 1;
  }
  return { tileCount: across.count * down.count, tileIndexBits, tileSizeBytes };
}

function readUniformAxes(
  reader: RawBitReader,
  columns: number,
  rows: number,
  minColumnsLog2: number,
  minTilesLog2: number,
): [Axis, Axis] {
  const maxColumnsLog2 = tileLog2(1, Math.min(columns, MAX_TILE_COLS));
  const across = readUniformAxis(reader, columns, minColumnsLog2, maxColumnsLog2);
  const maxRowsLog2 = tileLog2(1, Math.min(rows, MAX_TILE_ROWS));
  return [across, readUniformAxis(reader, rows, Math.max(minTilesLog2 - across.log2, 0), maxRowsLog2)];
}

function readUniformAxis(reader: RawBitReader, superblocks: number, minLog2: number, maxLog2: number): Axis {
  let log2 = minLog2;
  while (log2 < maxLog2 && reader.flag()) log2++; // increment_tile_cols_log2, increment_tile_rows_log2
  const tileSuperblocks = Math.ceil(superblocks / 2 ** log2);
  return { count: Math.ceil(superblocks / tileSuperblocks), log2 };
}

function readExplicitAxes(
  reader: RawBitReader,
  columns: number,
  rows: number,
  maxWidth: number,
  minTilesLog2: number,
): [Axis, Axis] {
  const across = readExplicitAxis(reader, columns, maxWidth, MAX_TILE_COLS);
  const area = rows * columns;
  const maxArea = minTilesLog2 > 0 ? Math.floor(area / 2 ** (minTilesLog2 + 1)) : area;
  const maxHeight = Math.max(Math.floor(maxArea / across.widest), 1);
  return [across, readExplicitAxis(reader, rows, maxHeight, MAX_TILE_ROWS)];
}

/** Tiles of their own size each. `widest` is the size of the largest in superblocks. */
function readExplicitAxis(
  reader: RawBitReader,
  superblocks: number,
  maxSize: number,
  maxCount: number,
): Axis & { readonly widest: number } {
  let widest = 0;
  let count = 0;
  for (let start = 0; start < superblocks; count++) {
    if (count === maxCount) {
      throw malformed('an AV1 frame has more tiles in a row or column than are allowed', {
        expected: maxCount,
        clause: 'AV1 6.8.14',
      });
    }
    const size = reader.ns(Math.min(superblocks - start, maxSize)) + 1; // width_in_sbs_minus_1, height_in_sbs_minus_1
    widest = Math.max(widest, size);
    start += size;
  }
  return { count, log2: tileLog2(1, count), widest };
}

/** The smallest k such that blockSize << k is `target` or more. */
function tileLog2(blockSize: number, target: number): number {
  let k = 0;
  for (let size = blockSize; size < target; size *= 2) k++;
  return k;
}
