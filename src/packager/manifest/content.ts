import { FileSource, readBytes } from '../../bytes/source.js';
import { aboutFile, PrpackError } from '../../errors.js';
import { MAX_HEADER_BYTES, readBoxHeader } from '../../isobmff/walk.js';

/** What a file is in a presentation: `moov` with samples, `moov` alone, or fragments alone. */
export type FileContent = 'whole' | 'header' | 'segment';

/**
 * Looks at the boxes of a file until it is clear what it is.
 * @throws PrpackError INPUT_NOT_FOUND, INPUT_UNREADABLE, NOT_MP4, MALFORMED_INPUT
 */
export function contentOfFile(path: string): FileContent {
  const source = new FileSource(path);
  try {
    let hasMovie = false;
    for (let at = 0; at < source.sizeBytes; ) {
      const bytes = readBytes(source, at, Math.min(MAX_HEADER_BYTES, source.sizeBytes - at));
      const header = readBoxHeader(bytes, at, '');
      if (!header) break;
      if (header.type === 'moof') return hasMovie ? 'whole' : 'segment';
      if (header.type === 'mdat') return 'whole';
      if (header.type === 'moov') hasMovie = true;
      if (header.sizeBytes === 0) break;
      at += header.sizeBytes;
    }
    if (hasMovie) return 'header';
    throw notMedia(path);
  } catch (error) {
    throw aboutFile(error, path);
  } finally {
    source.close();
  }
}

function notMedia(path: string): PrpackError {
  return new PrpackError('NOT_MP4', `${path} has neither moov nor moof`, {
    path,
    offsetBytes: 0,
    clause: 'ISO/IEC 14496-12 8.2.1',
    remedy: 'Give files of MP4 or CMAF.',
  });
}
