import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { readVersionAndFlags } from './box.js';

/** DASHEventMessageBox (ISO/IEC 23009-1 5.10.3.3), but for its message_data, which stands at its end. */
export interface Emsg {
  readonly version: 0 | 1;
  readonly flags: number;
  /** UTF-8, without the zero behind it. */
  readonly schemeIdUri: Uint8Array;
  readonly value: Uint8Array;
  readonly timescaleHz: number;
  /**
   * When the event begins, in ticks. Version 0, presentation_time_delta: from the earliest presentation time of the segment on. Version 1,
   * presentation_time: on the timeline of the movie.
   */
  readonly presentationTime: bigint;
  readonly eventDuration: number;
  readonly id: number;
}

/**
 * Reads the payload after the box header, up to message_data, where the reader stands then.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readEmsg(reader: ByteReader): Emsg {
  const { version, flags } = readVersionAndFlags(reader, 1);
  if (version === 0) {
    const names = { schemeIdUri: readString(reader), value: readString(reader) };
    const timescaleHz = reader.u32();
    return {
      version,
      flags,
      ...names,
      timescaleHz,
      presentationTime: BigInt(reader.u32()),
      ...readEnd(reader),
    };
  }
  const times = { timescaleHz: reader.u32(), presentationTime: reader.u64(), ...readEnd(reader) };
  return { version: 1, flags, schemeIdUri: readString(reader), value: readString(reader), ...times };
}

function readEnd(reader: ByteReader): Pick<Emsg, 'eventDuration' | 'id'> {
  return { eventDuration: reader.u32(), id: reader.u32() };
}

function readString(reader: ByteReader): Uint8Array {
  const from = reader.position;
  const length = reader.bytes.indexOf(0, from) - from;
  if (length < 0) {
    throw reader.fail('a text has no zero at its end', from, { clause: 'ISO/IEC 23009-1 5.10.3.3.4' });
  }
  const text = reader.take(length);
  reader.skip(1);
  return text;
}

/**
 * The box up to its message_data.
 * @param messageBytes size of the message_data that follows
 */
export function writeEmsgHead(emsg: Emsg, messageBytes: number): Uint8Array {
  const { version, flags, schemeIdUri, value, timescaleHz, presentationTime, eventDuration, id } = emsg;
  const strings = schemeIdUri.length + 1 + value.length + 1;
  const head = new ByteWriter(12 + strings + (version === 0 ? 16 : 20));
  head
    .u32(12 + strings + (version === 0 ? 16 : 20) + messageBytes)
    .fourcc('emsg')
    .u8(version)
    .u24(flags);
  if (version === 0) {
    head.bytes(schemeIdUri).u8(0).bytes(value).u8(0);
    return head.u32(timescaleHz).u32(Number(presentationTime)).u32(eventDuration).u32(id).finish();
  }
  head.u32(timescaleHz).u64(presentationTime).u32(eventDuration).u32(id);
  return head.bytes(schemeIdUri).u8(0).bytes(value).u8(0).finish();
}
