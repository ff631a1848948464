import { makeColumn } from '../bytes/columns.js';
import { malformed, type PrpackError } from '../errors.js';
import { readCtts } from './boxes/ctts.js';
import { readSdtp } from './boxes/sdtp.js';
import { readCo64, readStco } from './boxes/stco.js';
import { readStsc, type Stsc } from './boxes/stsc.js';
import { readStss } from './boxes/stss.js';
import { readStsz, readStz2, type SampleSizes } from './boxes/stsz.js';
import { readStts } from './boxes/stts.js';
import { readerOf } from './sample-entry.js';
import {
  type EntryRun,
  NON_SYNC,
  orderByOffset,
  type SampleBudget,
  type SampleTable,
} from './sample-table.js';
import { type BoxNode, type FileSlice, findChild, requirePath } from './walk.js';

/**
 * Reads the samples that `stbl` lists (ISO/IEC 14496-12 8.5 to 8.7). Nothing is allocated for a sample before it is
 * known that the file can hold it.
 * @throws PrpackError MALFORMED_INPUT, TRUNCATED_INPUT
 */
export function readSampleTables(stbl: BoxNode, slice: FileSlice, budget: SampleBudget): SampleTable {
  const sizes = readSizes(stbl, slice);
  const count = sizes.sampleCount;
  const { fileSizeBytes } = budget;
  budget.take(count, { boxPath: `${stbl.path}/stsz`, offsetBytes: stbl.startBytes });
  if (count * sizes.sampleSize > fileSizeBytes) {
    throw tableError(stbl, 'stsz', 'larger samples than the file can hold', fileSizeBytes, count, '8.7.3');
  }
  const chunkOffsets = readChunkOffsets(stbl, slice);
  const stsc = readStsc(readerOf(requirePath(stbl, 'stsc', 'ISO/IEC 14496-12 8.7.4'), slice));
  const sizeColumn = makeColumn('u32', count);
  if (sizes.sizes) sizeColumn.set(sizes.sizes);
  else sizeColumn.fill(sizes.sampleSize);
  const { offsets, entryRuns } = placeSamples(stbl, stsc, chunkOffsets, sizeColumn);
  assertInside(stbl, offsets, sizeColumn, budget);
  return {
    count,
    offsets,
    sizes: sizeColumn,
    durations: readDurations(stbl, slice, count),
    compositionOffsets: readCompositionOffsets(stbl, slice, count),
    flags: readFlags(stbl, slice, count),
    entryRuns,
    timeJumps: [],
    byOffset: orderByOffset(offsets),
  };
}

function readSizes(stbl: BoxNode, slice: FileSlice): SampleSizes {
  const stz2 = findChild(stbl, 'stz2');
  if (stz2) return readStz2(readerOf(stz2, slice));
  return readStsz(readerOf(requirePath(stbl, 'stsz', 'ISO/IEC 14496-12 8.7.3'), slice));
}

/** The offsets of the chunks, from `stco` or `co64`. */
export function readChunkOffsets(stbl: BoxNode, slice: FileSlice): Float64Array {
  const co64 = findChild(stbl, 'co64');
  if (co64) return readCo64(readerOf(co64, slice)).chunkOffsets;
  return readStco(readerOf(requirePath(stbl, 'stco', 'ISO/IEC 14496-12 8.7.5'), slice)).chunkOffsets;
}

/** Lays the samples into their chunks (8.7.4). */
function placeSamples(
  stbl: BoxNode,
  stsc: Stsc,
  chunkOffsets: Float64Array,
  sizes: Uint32Array,
): { offsets: Float64Array; entryRuns: EntryRun[] } {
  const offsets = makeColumn('f64', sizes.length);
  const entryRuns: EntryRun[] = [];
  let sample = 0;
  for (let run = 0; run < stsc.firstChunks.length && sample < sizes.length; run++) {
    const firstChunk = stsc.firstChunks[run];
    const nextFirstChunk = stsc.firstChunks[run + 1] ?? chunkOffsets.length + 1;
    if (firstChunk < 1 || nextFirstChunk <= firstChunk) {
      if (firstChunk > chunkOffsets.length) break;
      throw tableError(
        stbl,
        'stsc',
        'the first chunks do not rise',
        'a rising number',
        nextFirstChunk,
        '8.7.4',
      );
    }
    const entryIndex = stsc.sampleDescriptionIndexes[run];
    if (entryRuns.at(-1)?.entryIndex !== entryIndex) entryRuns.push({ firstSample: sample, entryIndex });
    const endChunk = Math.min(nextFirstChunk, chunkOffsets.length + 1);
    for (let chunk = firstChunk; chunk < endChunk && sample < sizes.length; chunk++) {
      let offset = chunkOffsets[chunk - 1];
      const end = Math.min(sample + stsc.samplesPerChunk[run], sizes.length);
      for (; sample < end; sample++) {
        offsets[sample] = offset;
        offset += sizes[sample];
      }
    }
  }
  if (sample < sizes.length) {
    throw tableError(stbl, 'stsc', 'the chunks do not hold all samples', sizes.length, sample, '8.7.4');
  }
  return { offsets, entryRuns };
}

function assertInside(stbl: BoxNode, offsets: Float64Array, sizes: Uint32Array, budget: SampleBudget): void {
  const { fileSizeBytes } = budget;
  for (let i = 0; i < offsets.length; i++) {
    if (offsets[i] + sizes[i] <= fileSizeBytes) continue;
    throw budget.outside(
      malformed(`${stbl.path}: sample ${i} lies behind the end of the file`, {
        boxPath: stbl.path,
        offsetBytes: offsets[i],
        expected: `at most ${fileSizeBytes}`,
        received: offsets[i] + sizes[i],
        clause: 'ISO/IEC 14496-12 8.7.5',
        remedy: 'The file is incomplete: copy or download it again.',
      }),
    );
  }
}

function readDurations(stbl: BoxNode, slice: FileSlice, count: number): Uint32Array {
  const stts = readStts(readerOf(requirePath(stbl, 'stts', 'ISO/IEC 14496-12 8.6.1.2'), slice));
  const durations = makeColumn('u32', count);
  const described = fillRuns(durations, stts.sampleCounts, stts.sampleDeltas);
  if (described === count) return durations;
  throw tableError(stbl, 'stts', 'durations of another number of samples', count, described, '8.6.1.2');
}

function readCompositionOffsets(stbl: BoxNode, slice: FileSlice, count: number): Int32Array | undefined {
  const node = findChild(stbl, 'ctts');
  if (!node) return undefined;
  const ctts = readCtts(readerOf(node, slice));
  if (ctts.sampleOffsets.every((offset) => offset === 0)) return undefined;
  const offsets = makeColumn('i32', count);
  const described = fillRuns(offsets, ctts.sampleCounts, ctts.sampleOffsets);
  if (described <= count) return offsets; // samples behind the last run have offset 0
  throw tableError(stbl, 'ctts', 'offsets of more samples than there are', count, described, '8.6.1.3');
}

/** Writes runs of equal values until the column is full; returns how many values the runs stand for. */
function fillRuns(
  column: Uint32Array | Int32Array,
  counts: Uint32Array,
  values: Uint32Array | Int32Array,
): number {
  let described = 0;
  for (let run = 0; run < counts.length; run++) {
    column.fill(values[run], described, described + counts[run]);
    described += counts[run];
  }
  return described;
}

function readFlags(stbl: BoxNode, slice: FileSlice, count: number): Uint16Array | undefined {
  const stss = findChild(stbl, 'stss');
  const sdtp = findChild(stbl, 'sdtp');
  if (!stss && !sdtp) return undefined;
  const flags = makeColumn('u16', count);
  const dependencies = sdtp && readSdtp(readerOf(sdtp, slice), count).dependencies;
  if (stss) {
    flags.fill(NON_SYNC);
    for (const number of readStss(readerOf(stss, slice)).sampleNumbers) flags[number - 1] = 0;
  }
  if (dependencies) for (let i = 0; i < count; i++) flags[i] |= dependencies[i];
  return flags;
}

function tableError(
  stbl: BoxNode,
  type: string,
  message: string,
  expected: string | number,
  received: string | number,
  clause: string,
): PrpackError {
  const node = findChild(stbl, type) ?? stbl;
  return malformed(`${stbl.path}/${type}: ${message}`, {
    boxPath: `${stbl.path}/${type}`,
    offsetBytes: node.startBytes,
    expected,
    received,
    clause: `ISO/IEC 14496-12 ${clause}`,
  });
}
