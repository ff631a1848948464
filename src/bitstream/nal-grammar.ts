import type { BitReader } from './bit-reader.js';

/** The syntax of one bitstream made of NAL units. It keeps the parameter sets that it meets. */
export interface NalGrammar {
  /** Standard and clause of the NAL unit syntax, for error messages. */
  readonly clause: string;
  /** Standard and clause that forbids start codes inside a NAL unit, for error messages. */
  readonly startCodeClause: string;
  /**
   * How many bytes of the NAL unit at the reader must stay clear.
   * @throws END_OF_BITS when the reader's bytes do not suffice to know
   */
  clearBytes(reader: BitReader, nalSizeBytes: number): number;
}

/**
 * Clear bytes at the start of a slice of a layer above the base (SVC, MVC, 3D-AVC, SHVC, MV-HEVC). Their
 * slice headers hang on parameter set extensions that players of the base layer never read, so they are not
 * parsed: a lead that is longer than such headers stays clear, and the picture data after it is protected
 * instead of leaking. A decoder of the base layer drops these units either way.
 */
export const LAYER_SLICE_CLEAR_BYTES = 128;
