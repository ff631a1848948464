import { describe, expect, it } from 'vitest';
import { readImageHeader } from '../../../src/packager/package/image-header.js';
import { jpegHeader, pngHeader } from '../../support/sheets.js';

/** Written by libwebp 1.2 for a picture of 320x180: lossy, lossless; the extended form by RFC 9649 2.7. */
const WEBP = {
  lossy: '52494646700d000057454250565038 20640d0000904a009d012a4001b4003e91',
  lossless: '52494646364b0000574542505650384c294b00002f3fc12c0009886d2339924e',
  extended: '524946463000000057454250565038580a000000000000003f0100b3000000 00',
};
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

const HEADERS: [string, Buffer, object][] = [
  ['JPEG', jpegHeader(1600, 900), { mimeType: 'image/jpeg', widthPixels: 1600, heightPixels: 900 }],
  ['PNG', pngHeader(640, 90), { mimeType: 'image/png', widthPixels: 640, heightPixels: 90 }],
  ...Object.entries(WEBP).map(([form, bytes]): [string, Buffer, object] => [
    `WebP, ${form}`,
    hex(bytes),
    { mimeType: 'image/webp', widthPixels: 320, heightPixels: 180 },
  ]),
];

describe('readImageHeader', () => {
  it.each(HEADERS)('reads %s', (_, bytes, header) => {
    expect(readImageHeader(bytes, 'a')).toMatchObject(header);
  });

  it.each(HEADERS)('refuses %s that ends anywhere before its size', (_, bytes, header) => {
    for (let length = 0; length < bytes.length; length++) {
      let read: object | undefined;
      try {
        read = readImageHeader(bytes.subarray(0, length), 'a');
      } catch (error) {
        expect(error).toMatchObject({ name: 'PrpackError', details: { path: 'a' } });
      }
      if (read) expect(read).toMatchObject(header);
    }
  });

  it.each([
    ['a size of 0', pngHeader(0, 10), 'MALFORMED_INPUT'],
    ['a scan before the frame header', hex('ffd8ffda0008010100003f00'), 'MALFORMED_INPUT'],
    ['a marker segment of no length', hex('ffd8ffe00000ffe00000'), 'MALFORMED_INPUT'],
    ['another chunk first', hex(`${WEBP.lossy.slice(0, 24)}414c5048${'00'.repeat(20)}`), 'MALFORMED_INPUT'],
    ['a film', hex('0000001c6674797069736f6d'), 'UNSUPPORTED_FEATURE'],
  ])('refuses %s', (_, bytes, code) => {
    expect(() => readImageHeader(bytes, 'a')).toThrow(expect.objectContaining({ code }));
  });
});
