import { type CodedColour, colourOfAv1, colourOfParameterSets, colourOfVp9 } from '../bitstream/colour.js';
import type { CodecDescription } from '../isobmff/codec-reader.js';

export type { CodedColour } from '../bitstream/colour.js';

/** 2 is unspecified in all three (ISO/IEC 23091-2 8). */
const UNSPECIFIED = 2;

/** Whether colours say anything. */
export function isSpecified({ primaries, transfer, matrix }: CodedColour): boolean {
  return [primaries, transfer, matrix].some((codePoint) => codePoint !== UNSPECIFIED);
}

/** By the decoder configuration of each codec; VVC has none here. */
const READERS: Readonly<Record<string, (configuration: Uint8Array) => CodedColour | undefined>> = {
  av01: colourOfAv1,
  dav1: colourOfAv1,
  vp09: colourOfVp9,
};

/** What the bitstream of a video track says of its colours, as far as its decoder configuration tells; undefined where it says nothing. */
export function codedColourOf(codec: CodecDescription): CodedColour | undefined {
  const { kind, parameterSets = [], fourcc, configuration } = codec;
  const colour =
    kind === 'avc' || kind === 'hevc'
      ? colourOfParameterSets(kind, parameterSets)
      : configuration && READERS[fourcc]?.(configuration);
  return colour && isSpecified(colour) ? colour : undefined;
}
