import { ByteWriter } from '../../bytes/writer.js';

/** A box: size u32, type, payload (ISO/IEC 14496-12 4.2). For boxes under 4 GiB, which all but `mdat` are. */
export function box(type: string, ...payload: readonly Uint8Array[]): Uint8Array {
  let length = 8;
  for (const part of payload) length += part.length;
  const writer = new ByteWriter(length).u32(length).fourcc(type);
  for (const part of payload) writer.bytes(part);
  return writer.finish();
}

/** A full box: version u8 and flags u24 before the payload (ISO/IEC 14496-12 4.2). */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...payload: readonly Uint8Array[]
): Uint8Array {
  return box(type, new ByteWriter(4).u8(version).u24(flags).finish(), ...payload);
}
