/**
 * A writer of MP4 boxes for tests, apart from the writers of src/ on purpose: a mistake there must not cancel out here.
 * Values are written as they are given, wrong ones included.
 */

type Part = Uint8Array | readonly Part[];

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u16(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => u8((value >> 8) & 255, value & 255)));
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => {
    bytes.writeUInt32BE(value >>> 0, 4 * i);
  });
  return bytes;
}

export function u64(...values: (number | bigint)[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  values.forEach((value, i) => {
    bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)), 8 * i);
  });
  return bytes;
}

export function text(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}

export function hex(value: string): Buffer {
  return Buffer.from(value.replaceAll(/[-\s]/g, ''), 'hex');
}

/** A box of the type around its parts. */
export function box(type: string, ...parts: readonly Part[]): Buffer {
  const body = flatten(parts);
  return Buffer.concat([u32(8 + body.length), text(type), body]);
}

/** A FullBox: version and flags before its parts. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Part[]): Buffer {
  return box(type, u32(version * 0x1000000 + flags), ...parts);
}

/** A `uuid` box: the extended type, then version and flags, as PIFF has it. */
export function uuidBox(uuid: string, version: number, flags: number, ...parts: readonly Part[]): Buffer {
  return box('uuid', hex(uuid), u32(version * 0x1000000 + flags), ...parts);
}

export interface BuiltEvent {
  /** Version 0 has a delta from the start of the segment, version 1 a time. Default 1. */
  readonly version?: 0 | 1;
  readonly scheme?: string;
  readonly value?: string;
  /** Default 1000. */
  readonly timescale?: number;
  readonly time: number;
  readonly duration?: number;
  readonly id?: number;
  readonly message?: string;
}

/** An `emsg` box (ISO/IEC 23009-1 5.10.3.3.3). */
export function emsgBox(event: BuiltEvent): Buffer {
  const { version = 1, scheme = 'urn:example:event', value = '1', timescale = 1000, time } = event;
  const names = text(`${scheme}\0${value}\0`);
  const end = u32(event.duration ?? 0, event.id ?? 0);
  const fields = version === 0 ? [names, u32(timescale, time), end] : [u32(timescale), u64(time), end, names];
  return fullBox('emsg', version, 0, ...fields, text(event.message ?? ''));
}

/** Header of a box whose body follows elsewhere: 32-bit size, 64-bit size, or size 0 (to the end of the file). */
export function header(type: string, bodyBytes: number, form: 32 | 64 | 0): Buffer {
  if (form === 64) return Buffer.concat([u32(1), text(type), u64(bodyBytes + 16)]);
  return Buffer.concat([u32(form === 0 ? 0 : bodyBytes + 8), text(type)]);
}

function flatten(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => (part instanceof Uint8Array ? part : flatten(part))));
}
