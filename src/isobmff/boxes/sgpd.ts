import { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { readSeig, type Seig, writeSeig } from './seig.js';

/** SampleGroupDescriptionBox (ISO/IEC 14496-12 8.9.3). */
export interface Sgpd {
  readonly groupingType: string;
  /** Version 2 and up: group of the samples that no `sbgp` mentions; 0 is none. */
  readonly defaultGroupDescriptionIndex?: number;
  /** The bytes of each entry. Version 0 with an unknown grouping type does not say where entries end: there is one for all. */
  readonly entries: readonly Uint8Array[];
  /** Grouping type `seig`: the entries once more, read. */
  readonly seig?: readonly Seig[];
}

/**
 * The grouping type of a `sgpd` or `sbgp`, which begin alike, without reading the rest: groups that are of no concern
 * may hold what they like.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readGroupingType(reader: ByteReader): string {
  reader.skip(4); // version and flags
  return reader.fourcc();
}

/** Indexes into one box go up to here: 8.9.4 counts those of a fragment from 0x10001. */
const MOST_ENTRIES = 0x10000;

/**
 * Reads the payload after the box header.
 *
 * Editions of ISO/IEC 14496-12 disagree about version 2: since 2015 the length of the entries stands before the default
 * group, in 2012 it was left out. The box is read by the layout that fills it exactly, by the newer one when both do.
 * @throws PrpackError MALFORMED_INPUT; UNSUPPORTED_FEATURE as `readSeig`
 */
export function readSgpd(reader: ByteReader): Sgpd {
  const { version } = readVersionAndFlags(reader, 3);
  const groupingType = reader.fourcc();
  const head = version === 2 ? headOfVersion2(reader) : HEADS[version];
  const { defaultLength, ...index } = head(reader);
  const entryCount = readEntryCount(reader);
  const entries =
    defaultLength === undefined
      ? readUnsized(reader, groupingType, entryCount)
      : readSized(reader, defaultLength, entryCount);
  if (groupingType !== 'seig') return { groupingType, ...index, entries };
  return {
    groupingType,
    ...index,
    entries,
    seig: entries.map((entry) => readSeig(new ByteReader(entry, placeOf(reader, entry)))),
  };
}

interface Head {
  /** 0: each entry has its own. Absent: it follows from what the entry holds. */
  readonly defaultLength?: number;
  readonly defaultGroupDescriptionIndex?: number;
}

/** The fields before entry_count, by version. */
const HEADS: readonly ((reader: ByteReader) => Head)[] = [
  () => ({}),
  (reader) => ({ defaultLength: reader.u32() }),
  (reader) => ({ defaultLength: reader.u32(), defaultGroupDescriptionIndex: reader.u32() }),
  (reader) => ({ defaultLength: reader.u32(), defaultGroupDescriptionIndex: reader.u32() }),
];

/** Version 2 by the edition of 2012. */
function readUnsizedHead(reader: ByteReader): Head {
  return { defaultGroupDescriptionIndex: reader.u32() };
}

/** By which layout of version 2 the box is to be read. The reader stays where it is. */
function headOfVersion2(reader: ByteReader): (reader: ByteReader) => Head {
  const ahead = () => new ByteReader(reader.bytes.subarray(reader.position), reader.place);
  if (fills(ahead(), true)) return HEADS[2];
  if (fills(ahead(), false)) return readUnsizedHead;
  throw reader.fail('the entries do not fill the box, with their length stated or without', 0, {
    clause: 'ISO/IEC 14496-12 8.9.3',
  });
}

function fills(reader: ByteReader, withLength: boolean): boolean {
  if (reader.remaining < (withLength ? 12 : 8)) return false;
  const defaultLength = withLength ? reader.u32() : 0;
  reader.skip(4); // default_group_description_index
  const entryCount = reader.u32();
  if (defaultLength > 0) return entryCount * defaultLength === reader.remaining;
  for (let entry = 0; entry < entryCount; entry++) {
    const length = withLength ? lengthAhead(reader) : seigLengthAhead(reader);
    if (length === undefined || length > reader.remaining) return false;
    reader.skip(length);
  }
  return reader.remaining === 0;
}

/** The length before an entry. */
function lengthAhead(reader: ByteReader): number | undefined {
  return reader.remaining < 4 ? undefined : reader.u32();
}

/** Bytes of a `seig` entry up to its KID, and of a constant IV with its size. */
const SEIG_BYTES = 20;

/** The length of a `seig` entry, which follows from what it says. */
function seigLengthAhead(reader: ByteReader): number | undefined {
  if (reader.remaining < SEIG_BYTES) return undefined;
  const [, , isProtected, ivSize] = reader.bytes.subarray(reader.position);
  if (isProtected === 0 || ivSize > 0) return SEIG_BYTES;
  const constantIvSize = reader.bytes[reader.position + SEIG_BYTES];
  return constantIvSize === undefined ? undefined : SEIG_BYTES + 1 + constantIvSize;
}

function readEntryCount(reader: ByteReader): number {
  const at = reader.position;
  const entryCount = reader.u32();
  if (entryCount > MOST_ENTRIES) {
    throw reader.fail('more sample groups than a sample can refer to', at, {
      expected: MOST_ENTRIES,
      received: entryCount,
      clause: 'ISO/IEC 14496-12 8.9.4',
    });
  }
  return entryCount;
}

function readSized(reader: ByteReader, defaultLength: number, entryCount: number): Uint8Array[] {
  reader.assertEntries(entryCount, defaultLength || 4);
  return Array.from({ length: entryCount }, () => reader.take(defaultLength || reader.u32()).slice());
}

/** Version 0 (deprecated): the length of an entry follows from its content alone. */
function readUnsized(reader: ByteReader, groupingType: string, entryCount: number): Uint8Array[] {
  if (groupingType !== 'seig') return [reader.rest().slice()];
  return Array.from({ length: entryCount }, () => {
    const at = reader.position;
    readSeig(reader);
    return reader.bytes.slice(at, reader.position);
  });
}

function placeOf(reader: ByteReader, entry: Uint8Array) {
  const { boxPath, offsetBytes } = reader.place;
  return { boxPath: `${boxPath}/seig`, offsetBytes: offsetBytes + reader.position - entry.length };
}

/** The whole box: version 1, or 2 with a default group. Entries of one length share it. */
export function writeSgpd(sgpd: Omit<Sgpd, 'seig'>): Uint8Array {
  const { groupingType, defaultGroupDescriptionIndex, entries } = sgpd;
  const sharedLength = entries.every((entry) => entry.length === entries[0].length)
    ? (entries[0]?.length ?? 0)
    : 0;
  const payload = new ByteWriter().fourcc(groupingType).u32(sharedLength);
  if (defaultGroupDescriptionIndex !== undefined) payload.u32(defaultGroupDescriptionIndex);
  payload.u32(entries.length);
  for (const entry of entries) {
    if (sharedLength === 0) payload.u32(entry.length);
    payload.bytes(entry);
  }
  return fullBox('sgpd', defaultGroupDescriptionIndex === undefined ? 1 : 2, 0, payload.finish());
}

/** The whole `sgpd` of these key groups. */
export function writeSeigSgpd(groups: readonly Seig[]): Uint8Array {
  return writeSgpd({ groupingType: 'seig', entries: groups.map(writeSeig) });
}
