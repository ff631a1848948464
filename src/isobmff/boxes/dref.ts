import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { childBoxes, fullBox, readVersionAndFlags } from './box.js';

/** DataReferenceBox (ISO/IEC 14496-12 8.7.2): where the media of a track's sample entries is kept. */
export interface Dref {
  readonly entries: readonly DataReference[];
}

export interface DataReference {
  /** `url `, `urn `, or QuickTime's `alis`. */
  readonly type: string;
  /** The media is in the same file. */
  readonly isSelfContained: boolean;
}

const SELF_CONTAINED = 1;
/** data_reference_index of a sample entry has 16 bits (8.5.2.2). */
const MOST_ENTRIES = 0xffff;

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readDref(reader: ByteReader): Dref {
  readVersionAndFlags(reader, 0);
  const countAt = reader.position;
  const entryCount = reader.u32();
  reader.assertEntries(entryCount, 12);
  if (entryCount > MOST_ENTRIES) {
    throw reader.fail('more data references than a sample entry can refer to', countAt, {
      expected: MOST_ENTRIES,
      received: entryCount,
      clause: 'ISO/IEC 14496-12 8.7.2',
    });
  }
  const entries: DataReference[] = [];
  for (const { type, payload } of childBoxes(reader)) {
    entries.push({ type, isSelfContained: (payload.u32() & SELF_CONTAINED) !== 0 });
    if (entries.length >= entryCount) break;
  }
  if (entries.length < entryCount) {
    throw reader.fail('fewer data references than counted', countAt, {
      expected: entryCount,
      received: entries.length,
    });
  }
  return { entries };
}

/** The whole box with one reference: the media is in the same file. */
export function writeDref(): Uint8Array {
  return fullBox('dref', 0, 0, new ByteWriter(4).u32(1).finish(), fullBox('url ', 0, SELF_CONTAINED));
}
