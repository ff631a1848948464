import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { readU32Columns, writeU32Columns } from './columns.js';

/** SampleToGroupBox (ISO/IEC 14496-12 8.9.2), as runs of samples. */
export interface Sbgp {
  readonly groupingType: string;
  /** Version 1 only. */
  readonly groupingTypeParameter?: number;
  /** Samples in each run; their sum is not backed by bytes. */
  readonly sampleCounts: Uint32Array;
  /** 0: no group. Up to 0x10000: the `sgpd` of the track. From 0x10001 in a fragment: entry 1 and on of its own `sgpd`. */
  readonly groupDescriptionIndexes: Uint32Array;
}

/** Added to the index of an entry in the fragment's own `sgpd` (8.9.4). */
export const FRAGMENT_GROUP_BASE = 0x10000;

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readSbgp(reader: ByteReader): Sbgp {
  const { version } = readVersionAndFlags(reader, 1);
  const groupingType = reader.fourcc();
  const parameter = version === 1 ? { groupingTypeParameter: reader.u32() } : {};
  const [sampleCounts, groupDescriptionIndexes] = readU32Columns(reader, reader.u32(), 2);
  return { groupingType, ...parameter, sampleCounts, groupDescriptionIndexes };
}

/** The whole box. */
export function writeSbgp(sbgp: Sbgp): Uint8Array {
  const { groupingType, groupingTypeParameter, sampleCounts, groupDescriptionIndexes } = sbgp;
  const head = new ByteWriter(12).fourcc(groupingType);
  if (groupingTypeParameter !== undefined) head.u32(groupingTypeParameter);
  head.u32(sampleCounts.length);
  const runs = writeU32Columns([sampleCounts, groupDescriptionIndexes], 0, sampleCounts.length);
  return fullBox('sbgp', groupingTypeParameter === undefined ? 0 : 1, 0, head.finish(), runs);
}

/** The fewest runs that give each of the samples `first` to `first + count` its group. */
export function sbgpOf(
  groupingType: string,
  groupDescriptionIndexes: Uint32Array,
  first = 0,
  count = groupDescriptionIndexes.length - first,
): Sbgp {
  const counts: number[] = [];
  const indexes: number[] = [];
  for (let sample = first; sample < first + count; sample++) {
    const index = groupDescriptionIndexes[sample];
    if (indexes.at(-1) === index) counts[counts.length - 1]++;
    else {
      indexes.push(index);
      counts.push(1);
    }
  }
  return {
    groupingType,
    sampleCounts: Uint32Array.from(counts),
    groupDescriptionIndexes: Uint32Array.from(indexes),
  };
}
