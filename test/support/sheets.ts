import { writeFileSync } from 'node:fs';

/** A PNG that ends behind its header (ISO/IEC 15948 11.2.2). */
export function pngHeader(width: number, height: number): Buffer {
  const png = Buffer.from('89504e470d0a1a0a0000000d49484452000000000000000008020000000000000000', 'hex');
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  return png;
}

/** A JPEG that ends behind its frame header: SOI, APP0, a fill byte, SOF2 (ISO/IEC 10918-1 B.2.2). */
export function jpegHeader(width: number, height: number): Buffer {
  const jpeg = Buffer.from(
    'ffd8ffe000104a46494600010200000100010000ffffc2001108000000000301220002110103',
    'hex',
  );
  jpeg.writeUInt16BE(height, 26);
  jpeg.writeUInt16BE(width, 28);
  return jpeg;
}

/** Sheets of tiles that end behind their headers, numbered from 1. */
export function writeSheets(
  path: (name: string) => string,
  sizes: readonly (readonly [number, number])[],
): string {
  for (const [i, [width, height]] of sizes.entries()) {
    writeFileSync(path(`sheet-${i + 1}.jpg`), jpegHeader(width, height));
  }
  return path('sheet-%d.jpg');
}
