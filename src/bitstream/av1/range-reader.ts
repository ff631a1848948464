import { malformed, PrpackError } from '../../errors.js';
import type { PeekSample, RangeReader, RangeSink } from '../range-reader.js';
import type { RawBitReader } from '../raw-bit-reader.js';
import { SampleWindow } from '../sample-window.js';
import { type Av1FrameHeader, readAv1FrameHeader } from './frame-header.js';
import {
  OBU_FRAME,
  OBU_FRAME_HEADER,
  OBU_SEQUENCE_HEADER,
  OBU_TEMPORAL_DELIMITER,
  OBU_TILE_GROUP,
  OBU_TILE_LIST,
  type Obu,
  readObu,
} from './obu.js';
import { type Av1ReferenceFrame, NUM_REF_FRAMES } from './references.js';
import { type Av1SequenceHeader, readAv1SequenceHeader } from './sequence-header.js';
import type { Av1Tiling } from './tile-info.js';

/** The fixed part of an AV1CodecConfigurationRecord (AV1 in ISO BMFF 2.3.3). */
const CONFIGURATION_BYTES = 4;
/** Its first byte: marker bit 1, version 1. */
const CONFIGURATION_VERSION_1 = 0x81;

/**
 * A reader for AV1 tracks (AV1 bitstream and decoding process specification). Its ranges are the tiles, trailing
 * bits included.
 * @param configuration the body of the `av1C` box; without its OBUs, or empty as some muxers write it, the sequence
 *   header is taken from the samples
 * @throws PrpackError MALFORMED_INPUT
 */
export function createAv1RangeReader(configuration: Uint8Array): RangeReader {
  const reader = new Av1RangeReader();
  if (configuration.length === 0) return reader;
  if (configuration.length < CONFIGURATION_BYTES || configuration[0] !== CONFIGURATION_VERSION_1) {
    throw malformed('the AV1 decoder configuration (av1C) is not of version 1', {
      expected: CONFIGURATION_VERSION_1,
      received: configuration[0],
      clause: 'AV1 in ISO BMFF 2.3.3',
    });
  }
  reader.takeConfigObus(configuration.subarray(CONFIGURATION_BYTES));
  return reader;
}

type ObuReader = (reader: Av1RangeReader, window: SampleWindow, obu: Obu, sink: RangeSink) => void;

/**
 * What to do with an OBU by its type (6.2.2). All types that are not here stay clear as they are: redundant frame
 * headers, metadata, padding, and reserved types, which decoders ignore.
 */
const OBU_READERS: readonly (ObuReader | undefined)[] = (() => {
  const readers = new Array<ObuReader | undefined>(16).fill(undefined);
  readers[OBU_SEQUENCE_HEADER] = (reader, window, obu, sink) => reader.takeSequenceHeader(window, obu, sink);
  readers[OBU_TEMPORAL_DELIMITER] = (reader, _window, obu, sink) => reader.startTemporalUnit(obu, sink);
  readers[OBU_FRAME_HEADER] = (reader, window, obu, sink) => reader.readFrameHeader(window, obu, sink);
  readers[OBU_TILE_GROUP] = (reader, window, obu, sink) => reader.readTileGroup(window, obu, sink);
  readers[OBU_FRAME] = (reader, window, obu, sink) => reader.readFrame(window, obu, sink);
  readers[OBU_TILE_LIST] = () => {
    throw new PrpackError(
      'UNSUPPORTED_FEATURE',
      'an AV1 sample has a tile list, which may not be in a file',
      {
        clause: 'AV1 in ISO BMFF 1',
        remedy: 'Encode the video without large scale tiles.',
      },
    );
  };
  return readers;
})();

/** A frame whose tiles are being read. */
interface OpenFrame {
  readonly header: Av1FrameHeader;
  readonly tiling: Av1Tiling;
  /** Index of the first tile that is still to come. */
  nextTile: number;
}

/** The tiles `first` to `last` of a frame, which start `headerBytes` into the OBU's payload. */
interface TileGroup {
  readonly first: number;
  readonly last: number;
  readonly headerBytes: number;
}

class Av1RangeReader implements RangeReader {
  readonly #window = new SampleWindow();
  #sequence: Av1SequenceHeader | undefined;
  /** The payload of the OBU that the sequence header came in, if it is short. */
  #sequenceBytes: Uint8Array | undefined;
  readonly #slots: (Av1ReferenceFrame | undefined)[] = new Array(NUM_REF_FRAMES).fill(undefined);
  #open: OpenFrame | undefined;

  restart(): void {
    this.#slots.fill(undefined);
    this.#open = undefined;
  }

  read(sampleSizeBytes: number, peek: PeekSample, sink: RangeSink): void {
    const window = this.#window;
    window.open(sampleSizeBytes, peek);
    for (let at = 0; at < sampleSizeBytes; ) {
      const obu = readObu(window, at);
      const read = OBU_READERS[obu.type];
      if (read) read(this, window, obu, sink);
      else sink.clear(obu.endAt - obu.startAt);
      at = obu.endAt;
    }
    this.#assertNoOpenFrame();
  }

  /** Takes the sequence header from the OBUs of the decoder configuration; metadata may be next to it. */
  takeConfigObus(obus: Uint8Array): void {
    const window = this.#window;
    window.open(obus.length, (at) => obus.subarray(at));
    for (let at = 0; at < obus.length; ) {
      const obu = readObu(window, at);
      if (obu.type === OBU_SEQUENCE_HEADER) this.#takeSequence(window, obu);
      at = obu.endAt;
    }
  }

  takeSequenceHeader(window: SampleWindow, obu: Obu, sink: RangeSink): void {
    this.#takeSequence(window, obu);
    sink.clear(obu.endAt - obu.startAt);
  }

  startTemporalUnit(obu: Obu, sink: RangeSink): void {
    this.#assertNoOpenFrame();
    sink.clear(obu.endAt - obu.startAt);
  }

  /** frame_header_obu(), 5.9.1. While a frame has tiles to come, it is a copy of that frame's header. */
  readFrameHeader(window: SampleWindow, obu: Obu, sink: RangeSink): void {
    sink.clear(obu.endAt - obu.startAt);
    if (this.#open) return;
    this.#begin(
      this.#parse(window, obu, (reader) => {
        const header = this.#readHeader(reader, obu);
        assertTrailingBits(reader, 'frame');
        return header;
      }),
    );
  }

  /** frame_obu(), 5.10. */
  readFrame(window: SampleWindow, obu: Obu, sink: RangeSink): void {
    this.#assertNoOpenFrame();
    const { header, group } = this.#parse(window, obu, (reader) => {
      const read = this.#readHeader(reader, obu);
      assertAligned(reader, 'frame');
      return { header: read, group: readTileGroupHeader(reader, tilingOf(read), 0) };
    });
    this.#begin(header);
    this.#readTiles(window, obu, group, sink);
  }

  /** tile_group_obu(), 5.11.1. */
  readTileGroup(window: SampleWindow, obu: Obu, sink: RangeSink): void {
    const open = this.#open;
    if (!open) throw broken('an AV1 tile group comes without a frame header');
    const group = this.#parse(window, obu, (reader) =>
      readTileGroupHeader(reader, open.tiling, open.nextTile),
    );
    this.#readTiles(window, obu, group, sink);
  }

  #parse<T>(window: SampleWindow, obu: Obu, parse: (reader: RawBitReader) => T): T {
    return window.parse(obu.payloadAt, obu.endAt - obu.payloadAt, AV1_HEADER, parse);
  }

  /**
   * One that differs begins another coded video sequence, which refers to nothing before it (7.5). Mostly the same bytes come again
   * with every key frame.
   */
  #takeSequence(window: SampleWindow, obu: Obu): void {
    const lengthBytes = obu.endAt - obu.payloadAt;
    const known = this.#sequenceBytes;
    if (known?.length === lengthBytes && window.has(obu.payloadAt, known)) return;
    const sequence = this.#parse(window, obu, (reader) => {
      const header = readAv1SequenceHeader(reader);
      assertTrailingBits(reader, 'sequence');
      return header;
    });
    this.#sequenceBytes =
      lengthBytes <= SHORT_SEQUENCE_BYTES ? window.copy(obu.payloadAt, lengthBytes) : undefined;
    if (this.#sequence && JSON.stringify(sequence) === JSON.stringify(this.#sequence)) return;
    this.#assertNoOpenFrame();
    this.#sequence = sequence;
    this.restart();
  }

  #readHeader(reader: RawBitReader, { layers }: Obu): Av1FrameHeader {
    if (!this.#sequence) throw broken('an AV1 frame comes before the first sequence header');
    return readAv1FrameHeader(reader, this.#sequence, this.#slots, layers);
  }

  #begin(header: Av1FrameHeader): void {
    for (let slot = 0; slot < NUM_REF_FRAMES; slot++) {
      if ((header.lostSlots >> slot) & 1) this.#slots[slot] = undefined;
    }
    if (header.tiling) this.#open = { header, tiling: header.tiling, nextTile: 0 };
    else this.#store(header);
  }

  /** The reference frame update process, 7.20. */
  #store({ frame, refreshFlags }: Av1FrameHeader): void {
    for (let slot = 0; slot < NUM_REF_FRAMES; slot++) {
      if ((refreshFlags >> slot) & 1) this.#slots[slot] = frame;
    }
  }

  #readTiles(window: SampleWindow, obu: Obu, { first, last, headerBytes }: TileGroup, sink: RangeSink): void {
    const open = this.#open!;
    const { tileSizeBytes, tileCount } = open.tiling;
    let at = obu.payloadAt + headerBytes;
    sink.clear(at - obu.startAt);
    for (let tile = first; tile < last; tile++) {
      const restBytes = obu.endAt - at;
      const limitBytes = Math.min(restBytes, tileSizeBytes);
      const sizeBytes = window.parse(at, limitBytes, TILE_SIZE, (reader) => reader.le(tileSizeBytes)) + 1;
      if (sizeBytes > restBytes - tileSizeBytes) throw lyingTileSize(restBytes - tileSizeBytes, sizeBytes);
      sink.clear(tileSizeBytes);
      sink.media(sizeBytes);
      at += tileSizeBytes + sizeBytes;
    }
    if (at === obu.endAt) throw broken('the last tile of an AV1 tile group is empty');
    sink.media(obu.endAt - at);
    open.nextTile = last + 1;
    if (open.nextTile < tileCount) return;
    this.#store(open.header);
    this.#open = undefined;
  }

  #assertNoOpenFrame(): void {
    if (this.#open) throw broken('an AV1 frame ends before its last tile');
  }
}

/** Real sequence headers have some twelve bytes. */
const SHORT_SEQUENCE_BYTES = 64;

const AV1_HEADER = { what: 'an AV1 header', clause: 'AV1 5.9' };
const TILE_SIZE = { what: 'an AV1 tile size', clause: 'AV1 5.11.1' };

function tilingOf({ tiling }: Av1FrameHeader): Av1Tiling {
  if (!tiling) throw broken('an AV1 frame OBU shows an existing frame');
  return tiling;
}

/** The start of tile_group_obu(), 5.11.1. Its tiles must be the next ones of the frame. */
function readTileGroupHeader(
  reader: RawBitReader,
  { tileCount, tileIndexBits }: Av1Tiling,
  nextTile: number,
): TileGroup {
  const isPart = tileCount > 1 && reader.flag(); // tile_start_and_end_present_flag
  const first = isPart ? reader.u(tileIndexBits) : 0; // tg_start
  const last = isPart ? reader.u(tileIndexBits) : tileCount - 1; // tg_end
  if (first !== nextTile || last < first || last >= tileCount)
    throw broken(`an AV1 tile group has the tiles ${first} to ${last}, not those from ${nextTile} on`);
  assertAligned(reader, 'tile group');
  return { first, last, headerBytes: reader.usedBytes };
}

/** trailing_bits(), 5.3.4: a 1, then zeros. Nearly every misread header ends elsewhere. */
function assertTrailingBits(reader: RawBitReader, what: string): void {
  if (!reader.flag()) throw endsElsewhere(what);
  assertAligned(reader, what);
}

/** byte_alignment(), 5.3.5: zeros. */
function assertAligned(reader: RawBitReader, what: string): void {
  if (!reader.alignToByte()) throw endsElsewhere(what);
}

function endsElsewhere(what: string): PrpackError {
  return malformed(`an AV1 ${what} header does not end where it should`, { clause: 'AV1 5.3.4' });
}

function lyingTileSize(expected: number, received: number): PrpackError {
  return malformed('an AV1 tile is longer than the rest of its OBU', {
    expected,
    received,
    clause: 'AV1 5.11.1',
  });
}

function broken(message: string): PrpackError {
  return malformed(message, { clause: 'AV1 7.5' });
}
