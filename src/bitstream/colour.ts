import { PrpackError } from '../errors.js';
import { OBU_SEQUENCE_HEADER, readObu } from './av1/obu.js';
import { readAv1SequenceHeader } from './av1/sequence-header.js';
import { readAvcColour } from './avc-parameter-sets.js';
import { BitReader, END_OF_BITS } from './bit-reader.js';
import { readHevcSps } from './hevc-sps.js';
import { SampleWindow } from './sample-window.js';
import type { CodedColour } from './video-signal.js';

export type { CodedColour } from './video-signal.js';

/** How the colours of a sequence parameter set are found: its NAL unit type, bytes of the NAL header, and the reader behind it. */
interface SpsReader {
  isSps(nal: Uint8Array): boolean;
  readonly headerBytes: number;
  read(reader: BitReader): CodedColour | undefined;
}

const SPS_READERS: Readonly<Record<'avc' | 'hevc', SpsReader>> = {
  // ISO/IEC 14496-10 7.3.1: nal_unit_type 7
  avc: { isSps: ([first]) => (first & 0x1f) === 7, headerBytes: 1, read: readAvcColour },
  // ITU-T H.265 7.3.1.2: nal_unit_type 33, nuh_layer_id 0
  hevc: {
    isSps: ([first, second]) => first >> 1 === 33 && second >> 3 === 0,
    headerBytes: 2,
    read: (reader) => readHevcSps(reader).colour,
  },
};

/**
 * Colours by the first sequence parameter set. What cannot be read says nothing: whoever needs more of it refuses it.
 * @param parameterSets whole NAL units without length fields
 */
export function colourOfParameterSets(
  kind: keyof typeof SPS_READERS,
  parameterSets: readonly Uint8Array[],
): CodedColour | undefined {
  const { isSps, headerBytes, read } = SPS_READERS[kind];
  const sps = parameterSets.find((nal) => nal.length > headerBytes && isSps(nal));
  if (!sps) return undefined;
  const reader = new BitReader();
  reader.reset(sps, headerBytes, sps.length);
  return unlessBroken(() => read(reader));
}

/** Bytes of `av1C` before its OBUs (AV1 in ISO BMFF 2.3.3). */
const AV1C_FIELDS_BYTES = 4;

/**
 * Colours by the sequence header of the decoder configuration.
 * @param configuration the body of `av1C`; many have no sequence header
 */
export function colourOfAv1(configuration: Uint8Array): CodedColour | undefined {
  const obus = configuration.subarray(AV1C_FIELDS_BYTES);
  const window = new SampleWindow();
  window.open(obus.length, (at) => obus.subarray(at));
  return unlessBroken(() => {
    for (let at = 0; at < obus.length; ) {
      const { type, payloadAt, endAt } = readObu(window, at);
      if (type === OBU_SEQUENCE_HEADER) {
        return window.parse(payloadAt, endAt - payloadAt, SEQUENCE_HEADER, readAv1SequenceHeader).colour;
      }
      at = endAt;
    }
    return undefined;
  });
}

const SEQUENCE_HEADER = { what: 'an AV1 sequence header', clause: 'AV1 5.5' };

/**
 * Colours by the decoder configuration of VP9, whose frames name a matrix alone.
 * @param configuration the body of `vpcC`: version and flags, profile, level, bit depth and others, then three code points (VP codec
 *   ISO media file format binding, VP Codec Configuration Box)
 */
export function colourOfVp9(configuration: Uint8Array): CodedColour | undefined {
  const [primaries, transfer, matrix] = configuration.subarray(7, 10);
  return matrix === undefined ? undefined : { primaries, transfer, matrix };
}

function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error === END_OF_BITS || error instanceof PrpackError) return undefined;
    throw error;
  }
}
