import { toBase64 } from '../../bytes/hex.js';
import { type ErrorDetails, PrpackError } from '../../errors.js';
import type { ProtectionSystem } from '../presentation.js';

/** A manifest that does not say what is so. */
export function fault(path: string, problem: string, details: ErrorDetails = {}): PrpackError {
  return new PrpackError('OUTPUT_CHECK_FAILED', `${path}: ${problem}`, {
    path,
    remedy: 'Nothing may be published. Check that the media are complete, and package them again.',
    ...details,
  });
}

/** A file, or a part of it, that a manifest refers to. */
export interface Reference {
  readonly uri: string;
  readonly range?: { readonly startBytes: number; readonly endBytes: number };
}

/**
 * Asserts that the file exists and has the bytes.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 * @example
 * assertInFile('v.m3u8', { uri: 'v.mp4', range: { startBytes: 0, endBytes: 1648 } }, new Map([['v.mp4', 175485]]));
 */
export function assertInFile(
  path: string,
  { uri, range }: Reference,
  fileSizes: ReadonlyMap<string, number>,
): void {
  const sizeBytes = fileSizes.get(uri);
  if (sizeBytes === undefined) throw fault(path, `refers to ${uri}, which does not exist`, { received: uri });
  if (!range || (range.startBytes < range.endBytes && range.endBytes <= sizeBytes)) return;
  throw fault(path, `refers to bytes that ${uri} does not have`, {
    expected: `a range within ${sizeBytes} bytes`,
    received: `${range.startBytes} to ${range.endBytes}`,
    offsetBytes: range.startBytes,
  });
}

/**
 * Asserts that boundaries of segments agree to a millisecond, so that players can switch at each.
 * @throws PrpackError OUTPUT_CHECK_FAILED
 * @example
 * assertSameBoundaries('manifest.mpd', 'v360 and v180', [0, 2, 4], [0, 2, 4]);
 */
export function assertSameBoundaries(
  path: string,
  who: string,
  a: readonly number[],
  b: readonly number[],
): void {
  const index = a.findIndex((seconds, at) => !(Math.abs(seconds - b[at]) < 1e-3));
  if (index < 0 && a.length === b.length) return;
  throw fault(path, `segments of ${who} do not begin at the same times`, {
    expected: index < 0 ? `${a.length - 1} segments` : `${a[index]} s`,
    received: index < 0 ? `${b.length - 1} segments` : `${b[index] ?? 'no segment'}`,
    clause: 'ISO/IEC 23000-19 7.3.4',
  });
}

/**
 * Asserts that data of protection systems are those that were given for these keys. Signalling that a key server gave is its own.
 * @param data base64
 * @throws PrpackError OUTPUT_CHECK_FAILED
 * @example
 * assertProtectionData('v.m3u8', [toBase64(playreadyObject)], protection.systems);
 */
export function assertProtectionData(
  path: string,
  data: readonly string[],
  systems: readonly ProtectionSystem[],
): void {
  if (systems.some(({ given }) => given)) return;
  const known = systems
    .flatMap(({ psshBox, playreadyObject }) => [psshBox, playreadyObject])
    .map((bytes) => bytes && toBase64(bytes));
  if (data.every((one) => known.includes(one))) return;
  throw fault(path, 'has data of a protection system that are not of the key of its media');
}
