import { isDeepStrictEqual } from 'node:util';
import { isSamePattern } from '../../cenc/scheme.js';
import type { SubsampleTable } from '../../cenc/subsamples.js';
import type { ReadProtection } from '../../protection/protection-reader.js';
import { ivsOf, type TrackEncryption } from '../../protection/track-protection.js';
import { assertEqual, failed } from './failure.js';

/** The KID that a sample is under; undefined when it is clear. */
export function kidOf(
  { kids, keyNumbers }: Pick<ReadProtection, 'kids' | 'keyNumbers'>,
  sample: number,
): string | undefined {
  return kids[(keyNumbers ? keyNumbers[sample] : 1) - 1];
}

/** @throws PrpackError OUTPUT_CHECK_FAILED when the sample entries say something else than planned */
export function assertSameDefaults({ track, tenc, scheme }: TrackEncryption, found: ReadProtection): void {
  assertEqual(`the scheme of track ${track.id}`, scheme, found.scheme);
  assertEqual(`the default KID of track ${track.id}`, tenc.defaultKid, found.tenc.defaultKid);
  assertEqual(
    `the IV size of track ${track.id}`,
    tenc.defaultPerSampleIvSize,
    found.tenc.defaultPerSampleIvSize,
  );
}

/**
 * Compares KIDs, IVs and subsamples.
 * @param first number of the planned sample that the found ones begin with
 * @throws PrpackError OUTPUT_CHECK_FAILED
 */
export function assertSameProtection(
  encryption: TrackEncryption,
  first: number,
  found: ReadProtection,
): void {
  const { track, pattern } = encryption;
  const { count } = found.track.samples;
  // Where neither has key numbers, all samples are under the first key.
  const compared = encryption.keyNumbers || found.keyNumbers ? count : Math.min(count, 1);
  for (let i = 0; i < compared; i++) {
    const wanted = kidOf(encryption, first + i);
    const read = kidOf(found, i);
    if (wanted !== read)
      assertEqual(`the KID of sample ${first + i} of track ${track.id}`, wanted ?? 'none', read ?? 'none');
  }
  const isClear = encryption.keyNumbers?.subarray(first, first + count).every((number) => number === 0);
  if (isClear) return; // no IVs, no subsamples
  const isSame =
    isSamePattern(pattern, found.pattern) &&
    hasSameSubsamples(encryption, first, found) &&
    hasSameIvs(encryption, first, found);
  if (!isSame) throw failed(`track ${track.id} has other IVs or subsamples than planned`);
}

function hasSameSubsamples(
  { subsamples: wanted, keyNumbers }: TrackEncryption,
  first: number,
  { subsamples: found, track }: ReadProtection,
): boolean {
  const { count } = track.samples;
  if (!wanted || !found) return wanted === found;
  if (keyNumbers?.subarray(first, first + count).includes(0)) {
    return hasSameProtectedSubsamples(wanted, first, found, keyNumbers.subarray(first, first + count));
  }
  const [from, to] = [wanted.starts[first], wanted.starts[first + count]];
  for (let i = 0; i <= count; i++) if (wanted.starts[first + i] - from !== found.starts[i]) return false;
  return (
    isSameColumn(wanted.clearBytes.subarray(from, to), found.clearBytes) &&
    isSameColumn(wanted.protectedBytes.subarray(from, to), found.protectedBytes)
  );
}

/** Where clear samples are among the others: those have no subsamples in the output. */
function hasSameProtectedSubsamples(
  wanted: SubsampleTable,
  first: number,
  found: SubsampleTable,
  keyNumbers: Uint16Array,
): boolean {
  return keyNumbers.every((number, i) => {
    if (number === 0) return true;
    const rows = (table: SubsampleTable, sample: number) =>
      [table.clearBytes, table.protectedBytes].map((column) =>
        column.subarray(table.starts[sample], table.starts[sample + 1]),
      );
    const [wantedRows, foundRows] = [rows(wanted, first + i), rows(found, i)];
    return wantedRows.every((column, side) => isSameColumn(column, foundRows[side]));
  });
}

/** Compared some thousand samples at a time, so that the IVs of all need not be in memory. */
function hasSameIvs(wanted: TrackEncryption, first: number, found: ReadProtection): boolean {
  const { count } = found.track.samples;
  if (wanted.ivPlan.kind === 'constant') return isDeepStrictEqual(wanted.ivPlan, found.ivPlan);
  for (let at = 0; at < count; at += 4096) {
    const length = Math.min(4096, count - at);
    const clear = clearSamplesIn(wanted, first + at, length);
    if (clear === length) continue;
    const [from, protectedCount] = [at + clear, length - clear];
    if (!isSameColumn(ivsOf(wanted, first + from, protectedCount), ivsOf(found, from, protectedCount)))
      return false;
  }
  return true;
}

/** How many samples of a run are in the clear lead, which comes first. */
function clearSamplesIn({ keyNumbers }: TrackEncryption, first: number, count: number): number {
  const clear = keyNumbers?.subarray(first, first + count).findIndex((number) => number > 0) ?? 0;
  return clear < 0 ? count : clear;
}

type Column = Uint8Array | Uint16Array | Uint32Array;

/** From this size on a call of native code pays. */
const LARGE_BYTES = 512;

function isSameColumn(a: Column, b: Column): boolean {
  if (a.length !== b.length) return false;
  if (a.byteLength >= LARGE_BYTES) return Buffer.compare(asBytes(a), asBytes(b)) === 0;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function asBytes(column: Column): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}
