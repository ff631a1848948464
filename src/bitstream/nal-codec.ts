import { malformed } from '../errors.js';
import { createAvcGrammar } from './avc.js';
import { BitReader, END_OF_BITS } from './bit-reader.js';
import type { NalGrammar } from './nal-grammar.js';

/** What {@link NalCodec.clearBytes} returns when it was given too few bytes of the NAL unit to know. */
export const NEED_MORE = -1;

/** Bitstreams made of NAL units that this program can protect. */
export type NalCodecKind = 'avc' | 'hevc' | 'vvc';

/** Finds for each NAL unit of one video track, in decoding order, where its clear bytes end. */
export interface NalCodec {
  /** Standard and clause that forbids start codes inside a NAL unit, for error messages. */
  readonly startCodeClause: string;
  /**
   * How many leading bytes of a NAL unit must stay clear: all of a unit that holds no slice data; the NAL
   * header and the slice header, rounded up to a whole byte, of one that does. Parameter sets are taken up
   * and hold for the units after them.
   *
   * @param head holds the NAL unit from `startBytes` on: its header first, and as many bytes as are at hand
   * @param nalSizeBytes size of the whole NAL unit, without its length field
   * @param startBytes where in `head` the NAL unit starts
   * @returns 0 to `nalSizeBytes`, or {@link NEED_MORE} when more bytes of the unit are needed to know
   * @throws PrpackError MALFORMED_INPUT for a broken header or a parameter set that was never sent;
   *   UNSUPPORTED_FEATURE for syntax that cannot be followed
   */
  clearBytes(head: Uint8Array, nalSizeBytes: number, startBytes?: number): number;
}

/** One row a bitstream. Those of HEVC and VVC are much code, which other files do not need. */
const GRAMMARS: Readonly<Record<NalCodecKind, () => Promise<NalGrammar>>> = {
  avc: async () => createAvcGrammar(),
  hevc: async () => (await import('./hevc.js')).createHevcGrammar(),
  vvc: async () => (await import('./vvc.js')).createVvcGrammar(),
};

/** A grammar for one track. */
export function loadNalGrammar(kind: NalCodecKind): Promise<NalGrammar> {
  return GRAMMARS[kind]();
}

/**
 * A codec for one track (it remembers parameter sets, so tracks do not share it).
 * @param grammar one that no other codec has
 * @param parameterSets whole NAL units from the decoder configuration record (`avcC`, `hvcC`, `vvcC`), without length
 *   fields; NAL units that are no parameter sets are ignored
 * @throws PrpackError MALFORMED_INPUT
 */
export function createNalCodec(grammar: NalGrammar, parameterSets: readonly Uint8Array[]): NalCodec {
  const reader = new BitReader();

  function clearBytes(head: Uint8Array, nalSizeBytes: number, startBytes = 0): number {
    const givenBytes = Math.min(nalSizeBytes, head.length - startBytes);
    reader.reset(head, startBytes, startBytes + givenBytes);
    try {
      return grammar.clearBytes(reader, nalSizeBytes);
    } catch (error) {
      if (error !== END_OF_BITS) throw error;
      if (givenBytes < nalSizeBytes) return NEED_MORE;
      throw malformed('a NAL unit ends in the middle of its header', {
        received: nalSizeBytes,
        clause: grammar.clause,
      });
    }
  }

  for (const parameterSet of parameterSets) clearBytes(parameterSet, parameterSet.length);
  return { startCodeClause: grammar.startCodeClause, clearBytes };
}
