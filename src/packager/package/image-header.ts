import { fourccAt, latin1, readU32 } from '../../bytes/reader.js';
import { malformed, PrpackError } from '../../errors.js';

/** What the header of an image says. */
export interface ImageHeader {
  readonly mimeType: 'image/jpeg' | 'image/png' | 'image/webp';
  readonly extension: '.jpg' | '.png' | '.webp';
  readonly widthPixels: number;
  readonly heightPixels: number;
}

type Size = Pick<ImageHeader, 'widthPixels' | 'heightPixels'>;

interface ImageFormat extends Pick<ImageHeader, 'mimeType' | 'extension'> {
  begins(bytes: Uint8Array): boolean;
  /** Undefined where the header ends too early or has no size. */
  sizeOf(bytes: Uint8Array): Size | undefined;
}

const PNG_SIGNATURE = '\x89PNG\r\n\x1a\n';

const FORMATS: readonly ImageFormat[] = [
  {
    mimeType: 'image/jpeg',
    extension: '.jpg',
    begins: (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff,
    sizeOf: jpegSize,
  },
  {
    mimeType: 'image/png',
    extension: '.png',
    begins: (bytes) => latin1(bytes.subarray(0, 8)) === PNG_SIGNATURE,
    // ISO/IEC 15948 11.2.2: IHDR is the first chunk
    sizeOf: (bytes) =>
      bytes.length >= 24 && fourccAt(bytes, 12) === 'IHDR'
        ? { widthPixels: readU32(bytes, 16), heightPixels: readU32(bytes, 20) }
        : undefined,
  },
  {
    mimeType: 'image/webp',
    extension: '.webp',
    begins: (bytes) => fourccAt(bytes, 0) === 'RIFF' && fourccAt(bytes, 8) === 'WEBP',
    sizeOf: webpSize,
  },
];

/**
 * Reads format and size of an image from its header; nothing is decoded.
 * @param path in errors
 * @throws PrpackError UNSUPPORTED_FEATURE for what is neither JPEG, PNG nor WebP; MALFORMED_INPUT for a header without a size
 */
export function readImageHeader(bytes: Uint8Array, path: string): ImageHeader {
  const format = FORMATS.find(({ begins }) => begins(bytes));
  if (!format) throw noImage(path);
  const size = format.sizeOf(bytes);
  const { mimeType, extension } = format;
  if (size && size.widthPixels > 0 && size.heightPixels > 0) return { mimeType, extension, ...size };
  throw malformed(`${path}: the image has no size in its header`, {
    path,
    expected: `a header of ${mimeType} with width and height`,
    remedy: 'The image is damaged; make it again.',
  });
}

/** SOF markers are these, without DHT, JPG and DAC (ISO/IEC 10918-1 Table B.1). */
const isFrameHeader = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
const START_OF_SCAN = 0xda;

/** Goes from one marker segment to the next, up to the frame header (ISO/IEC 10918-1 B.2.2). */
function jpegSize(bytes: Uint8Array): Size | undefined {
  let at = 2;
  while (at + 4 <= bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++; // fill byte
      continue;
    }
    if (marker === START_OF_SCAN) return undefined;
    if (isFrameHeader(marker)) {
      if (at + 9 > bytes.length) return undefined;
      return { heightPixels: u16(bytes, at + 5), widthPixels: u16(bytes, at + 7) };
    }
    at += 2 + u16(bytes, at + 2);
  }
  return undefined;
}

/** The first chunk has the size: lossy, lossless or extended (RFC 9649 2.5 to 2.7). */
function webpSize(bytes: Uint8Array): Size | undefined {
  if (bytes.length < 30) return undefined;
  const little = (at: number, count: number) =>
    bytes.subarray(at, at + count).reduceRight((value, byte) => value * 256 + byte, 0);
  switch (fourccAt(bytes, 12)) {
    case 'VP8 ':
      return { widthPixels: little(26, 2) & 0x3fff, heightPixels: little(28, 2) & 0x3fff };
    case 'VP8L': {
      const bits = little(21, 4);
      return { widthPixels: (bits & 0x3fff) + 1, heightPixels: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { widthPixels: little(24, 3) + 1, heightPixels: little(27, 3) + 1 };
    default:
      return undefined;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return bytes[at] * 256 + bytes[at + 1];
}

function noImage(path: string): PrpackError {
  return new PrpackError('UNSUPPORTED_FEATURE', `${path} is no image that players show`, {
    path,
    expected: 'JPEG, PNG or WebP',
    remedy: 'Make sheets of tiles as JPEG.',
  });
}
