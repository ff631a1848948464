import { ByteWriter } from '../../bytes/writer.js';
import { box } from './box.js';

/** Namespace of TTML, which the sample entry names (ISO/IEC 14496-30 6.3). */
const TTML = 'http://www.w3.org/ns/ttml';

/** XMLSubtitleSampleEntry of TTML without resources of its own (ISO/IEC 14496-12 12.6.3). */
export function writeStppEntry(): Uint8Array {
  const payload = new ByteWriter(64)
    .bytes(new Uint8Array(6)) // reserved
    .u16(1) // data_reference_index
    .bytes(Buffer.from(`${TTML}\0`))
    .u8(0) // schema_location
    .u8(0); // auxiliary_mime_types
  return box('stpp', payload.finish());
}
