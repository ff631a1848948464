import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';

/** HandlerBox (ISO/IEC 14496-12 8.4.3) or QuickTime's handler reference atom. */
export interface Hdlr {
  /** `vide`, `auxv`, `soun`, `text`, `subt`, `meta`, … */
  readonly handlerType: string;
  /** For people; empty when there is none. */
  readonly name: string;
}

const MEDIA_TYPES: Readonly<Record<string, 'audio' | 'video'>> = {
  vide: 'video',
  auxv: 'video',
  soun: 'audio',
};

/**
 * What samples are by their handler type: audio, video, or something else. Auxiliary video (alpha planes, depth maps) has the media
 * header and the sample entries of video (ISO/IEC 14496-12 12.1).
 */
export function mediaTypeOf(handlerType: string): 'audio' | 'video' | undefined {
  return Object.hasOwn(MEDIA_TYPES, handlerType) ? MEDIA_TYPES[handlerType] : undefined;
}

/**
 * Reads the payload after the box header. The name is ended by a zero byte in ISO files and led by its length in
 * QuickTime ones, and missing in some: it is never a reason to refuse a file.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readHdlr(reader: ByteReader): Hdlr {
  readVersionAndFlags(reader, 0);
  const componentType = reader.u32(); // pre_defined 0; QuickTime: `mhlr` or `dhlr`
  const handlerType = reader.fourcc();
  reader.skip(12); // reserved; QuickTime: manufacturer, flags, flags mask
  return { handlerType, name: nameOf(reader.rest(), componentType !== 0) };
}

function nameOf(bytes: Uint8Array, isQuickTime: boolean): string {
  // Writers of ISO files leave a Pascal string too: its length byte then counts exactly what follows.
  const isPascal = bytes[0] < bytes.length && (isQuickTime || bytes[0] === bytes.length - 1);
  const text = isPascal ? bytes.subarray(1, 1 + bytes[0]) : bytes;
  const end = text.indexOf(0);
  return Buffer.from(end < 0 ? text : text.subarray(0, end)).toString('utf8');
}

/** The whole box. */
export function writeHdlr({ handlerType, name }: Hdlr): Uint8Array {
  const payload = new ByteWriter(32)
    .u32(0) // pre_defined
    .fourcc(handlerType)
    .bytes(new Uint8Array(12)) // reserved
    .bytes(Buffer.from(`${name}\0`));
  return fullBox('hdlr', 0, 0, payload.finish());
}
