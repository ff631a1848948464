import type { ByteReader } from '../../bytes/reader.js';
import { PrpackError } from '../../errors.js';
import { payloadOf, readVersionAndFlags } from './box.js';

/** An extent of an item (ISO/IEC 14496-12 8.11.3): a range of bytes. */
export interface IlocExtent {
  readonly itemId: number;
  /** 0: the offset is one of a file; 1: of `idat`; 2: of another item. */
  readonly constructionMethod: number;
  /** 0: this file. */
  readonly dataReferenceIndex: number;
  /** Base offset and extent offset together. */
  readonly offset: number;
  /** Bytes; 0 is the whole of the source. */
  readonly length: number;
}

interface FieldSizes {
  readonly version: number;
  readonly offsetSize: number;
  readonly lengthSize: number;
  readonly baseOffsetSize: number;
  readonly indexSize: number;
  readonly itemCount: number;
}

/** An item as it is met, and where its offsets stand in the payload. */
interface Item extends Pick<IlocExtent, 'itemId' | 'constructionMethod' | 'dataReferenceIndex'> {
  readonly baseOffset: number;
  readonly baseOffsetAt: number;
  readonly extents: readonly {
    readonly offset: number;
    readonly offsetAt: number;
    readonly length: number;
  }[];
}

/**
 * The extents of all items, in the box's order. Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function* readIloc(reader: ByteReader): Generator<IlocExtent> {
  const sizes = readFieldSizes(reader);
  for (let index = 0; index < sizes.itemCount; index++) {
    const { itemId, constructionMethod, dataReferenceIndex, baseOffset, extents } = readItem(reader, sizes);
    for (const { offset, length } of extents) {
      yield { itemId, constructionMethod, dataReferenceIndex, offset: baseOffset + offset, length };
    }
  }
}

function readFieldSizes(reader: ByteReader): FieldSizes {
  const { version } = readVersionAndFlags(reader, 2);
  const sizesAt = reader.position;
  const nibbles = reader.u16();
  const [offsetSize, lengthSize, baseOffsetSize] = [
    nibbles >> 12,
    (nibbles >> 8) & 0xf,
    (nibbles >> 4) & 0xf,
  ];
  const indexSize = version > 0 ? nibbles & 0xf : 0; // reserved in version 0
  for (const size of [offsetSize, lengthSize, baseOffsetSize, indexSize]) {
    if (size !== 0 && size !== 4 && size !== 8) {
      throw reader.fail('the size of a field is not 0, 4 or 8 bytes', sizesAt, {
        received: size,
        clause: 'ISO/IEC 14496-12 8.11.3.3',
      });
    }
  }
  const itemCount = version < 2 ? reader.u16() : reader.u32();
  reader.assertEntries(itemCount, (version < 2 ? 2 : 4) + (version > 0 ? 2 : 0) + 4 + baseOffsetSize);
  return { version, offsetSize, lengthSize, baseOffsetSize, indexSize, itemCount };
}

function readItem(reader: ByteReader, sizes: FieldSizes): Item {
  const { version, offsetSize, lengthSize, baseOffsetSize, indexSize } = sizes;
  const itemId = version < 2 ? reader.u16() : reader.u32();
  const constructionMethod = version > 0 ? reader.u16() & 0xf : 0;
  const dataReferenceIndex = reader.u16();
  const baseOffsetAt = reader.position;
  const baseOffset = readSized(reader, baseOffsetSize);
  const extentCount = reader.u16();
  const extentBytes = indexSize + offsetSize + lengthSize;
  reader.assertEntries(extentCount, extentBytes);
  // Extents without a single byte are all the same one: it is met once, not up to 65,535 times an item.
  const extents = Array.from({ length: extentBytes === 0 ? Math.min(extentCount, 1) : extentCount }, () => {
    reader.skip(indexSize);
    const offsetAt = reader.position;
    const offset = readSized(reader, offsetSize);
    if (!Number.isSafeInteger(baseOffset + offset)) {
      throw reader.fail('an item lies behind the end of any file', offsetAt, {
        received: `${baseOffset} + ${offset}`,
        clause: 'ISO/IEC 14496-12 8.11.3',
      });
    }
    return { offsetAt, offset, length: readSized(reader, lengthSize) };
  });
  return { itemId, constructionMethod, dataReferenceIndex, baseOffset, baseOffsetAt, extents };
}

function readSized(reader: ByteReader, sizeBytes: number): number {
  if (sizeBytes === 0) return 0;
  return sizeBytes === 4 ? reader.u32() : reader.offset64();
}

/**
 * A copy of a whole box with every offset into this file (construction method 0, data reference 0) sent through
 * `map`; field sizes and all other bytes are kept. Where an item has a base offset, it moves with the first
 * extent, and the extents follow.
 * @throws PrpackError MALFORMED_INPUT, or UNSUPPORTED_FEATURE when a new offset does not fit its field
 */
export function patchIloc(boxBytes: Uint8Array, map: (offsetBytes: number) => number): Uint8Array {
  const { reader, startBytes } = payloadOf(boxBytes);
  const copy = boxBytes.slice();
  const view = new DataView(copy.buffer, startBytes);
  const sizes = readFieldSizes(reader);
  for (let index = 0; index < sizes.itemCount; index++) {
    const item = readItem(reader, sizes);
    if (item.constructionMethod !== 0 || item.dataReferenceIndex !== 0 || item.extents.length === 0) continue;
    patchItem(view, item, sizes, map);
  }
  return copy;
}

function patchItem(
  view: DataView,
  item: Item,
  sizes: FieldSizes,
  map: (offsetBytes: number) => number,
): void {
  const { baseOffset, baseOffsetAt, extents } = item;
  const firstOffset = extents[0].offset;
  const carriesOffset = sizes.offsetSize === 0 || baseOffset !== 0;
  const newBase = carriesOffset ? map(baseOffset + firstOffset) - firstOffset : 0;
  writeSized(view, baseOffsetAt, sizes.baseOffsetSize, newBase);
  for (const { offset, offsetAt } of extents) {
    writeSized(view, offsetAt, sizes.offsetSize, map(baseOffset + offset) - newBase);
  }
}

function writeSized(view: DataView, at: number, sizeBytes: number, value: number): void {
  if (value < 0 || value >= 2 ** (8 * sizeBytes)) throw doesNotFit(sizeBytes, value);
  if (sizeBytes === 4) view.setUint32(at, value);
  if (sizeBytes === 8) view.setBigUint64(at, BigInt(value));
}

function doesNotFit(sizeBytes: number, value: number): PrpackError {
  return new PrpackError(
    'UNSUPPORTED_FEATURE',
    'an item of the file-level metadata moves to where its iloc entry cannot point',
    {
      boxPath: 'meta/iloc',
      expected: `${sizeBytes} bytes without sign`,
      received: value,
      clause: 'ISO/IEC 14496-12 8.11.3',
      remedy: 'Remove the metadata items (the file-level meta box) from the input and encrypt it again.',
    },
  );
}
