import type { ByteReader } from '../../bytes/reader.js';
import { readVersionAndFlags } from './box.js';

/** SampleDependencyTypeBox (ISO/IEC 14496-12 8.6.4). */
export interface Sdtp {
  /** A byte a sample: is_leading, sample_depends_on, sample_is_depended_on, sample_has_redundancy, of 2 bits each from the high end. */
  readonly dependencies: Uint8Array;
}

/**
 * Reads the payload after the box header.
 * @param sampleCount samples of the track, which the box does not say itself
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSdtp(reader: ByteReader, sampleCount: number): Sdtp {
  readVersionAndFlags(reader, 0);
  return { dependencies: reader.take(sampleCount).slice() };
}
