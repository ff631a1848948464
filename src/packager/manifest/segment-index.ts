import type { ByteSource } from '../../bytes/source.js';
import { malformed, PrpackError } from '../../errors.js';
import { readSidx, type Sidx } from '../../isobmff/boxes/sidx.js';
import type { Movie } from '../../isobmff/movie.js';
import { readerOf } from '../../isobmff/sample-entry.js';
import { RunKind, readRun } from '../../isobmff/top-level.js';
import { walkBox } from '../../isobmff/walk.js';
import type { ByteRange } from '../../manifest/addressing.js';
import { named } from '../../settings/spelling.js';

/** The one `sidx` of a file, and what it lists. */
export interface SegmentIndex {
  readonly range: ByteRange;
  readonly timescaleHz: number;
  /** Where each part begins, and the end of the last. */
  readonly boundsBytes: readonly number[];
  /** When each part begins, and the end of the last, in ticks of the index. */
  readonly boundsTicks: readonly number[];
}

/** ISO/IEC 23009-1 and DASH-IF's restricted timing model know one index a file. */
const CLAUSE = 'DASH-IF restricted timing model, Indexed addressing';

/**
 * Reads the index that players of DASH find segments by.
 * @throws PrpackError UNSUPPORTED_FEATURE for a file without index, or with several, or one of indexes; MALFORMED_INPUT
 */
export function readSegmentIndex(movie: Movie, source: ByteSource): SegmentIndex {
  const { topLevel } = movie;
  const runs = Array.from(topLevel.kinds.keys()).filter((run) => topLevel.kinds[run] === RunKind.Sidx);
  if (runs.length === 0) throw noIndex();
  if (runs.length > 1) throw manyIndexes(`${runs.length} sidx boxes`, topLevel.startBytes[runs[1]]);
  const [run] = runs;
  const slice = readRun(source, topLevel, run);
  const sidx = readSidx(readerOf(walkBox(slice, 'sidx'), slice));
  const range = { startBytes: slice.startBytes, endBytes: topLevel.startBytes[run + 1] };
  if (sidx.references.some(({ referenceType }) => referenceType === 1)) {
    throw manyIndexes('a sidx of sidx boxes', range.startBytes);
  }
  if (sidx.references.length === 0 || sidx.timescaleHz === 0) {
    throw wrongIndex(range.startBytes, 'it lists nothing', 'ISO/IEC 14496-12 8.16.3');
  }
  return { range, timescaleHz: sidx.timescaleHz, ...boundsOf(sidx, range) };
}

function boundsOf(sidx: Sidx, { endBytes }: ByteRange): Pick<SegmentIndex, 'boundsBytes' | 'boundsTicks'> {
  const boundsBytes = [endBytes + sidx.firstOffset];
  const boundsTicks = [Number(sidx.earliestPresentationTime)];
  for (const [i, { referencedSize, subsegmentDuration }] of sidx.references.entries()) {
    boundsBytes.push(boundsBytes[i] + referencedSize);
    boundsTicks.push(boundsTicks[i] + subsegmentDuration);
  }
  return { boundsBytes, boundsTicks };
}

function noIndex(): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', 'the file has no sidx: players could not find its segments', {
    boxPath: 'sidx',
    expected: 'one sidx between moov and the first moof',
    received: 'none',
    clause: CLAUSE,
    remedy: `Write the file with an index: ${named('layout', 'fragmented')} of encrypt does, and -movflags +global_sidx of ffmpeg; or give segments, each a file, with their header.`,
  });
}

function manyIndexes(received: string, offsetBytes: number): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `the file has ${received}: players read one index a file`, {
    boxPath: 'sidx',
    offsetBytes,
    expected: 'one sidx of media',
    received,
    clause: CLAUSE,
    remedy: 'Write the file with one index of all segments, for example with -subsegs-per-sidx 0 of MP4Box.',
  });
}

/** The error for an index that does not fit what is in the file. */
export function wrongIndex(offsetBytes: number, problem: string, clause: string): PrpackError {
  return malformed(`sidx: ${problem}`, {
    boxPath: 'sidx',
    offsetBytes,
    clause,
    remedy: 'The index was made for other bytes: write the file again.',
  });
}
