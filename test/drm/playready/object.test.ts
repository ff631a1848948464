import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromHex, toBase64 } from '../../../src/bytes/hex.js';
import {
  buildPlayReadyObject,
  DEFAULT_LICENSE_STORE_BYTES,
  isPlayReadyObject,
  MAX_OBJECT_BYTES,
  readPlayReadyObject,
} from '../../../src/drm/playready/object.js';
import { SHAKA_OBJECT_4_0, SHAKA_OBJECT_4_3 } from './vectors.js';

const PEER_OBJECTS = { SHAKA_OBJECT_4_0, SHAKA_OBJECT_4_3 };

function utf16(bytes: Uint8Array): string {
  return new TextDecoder('utf-16le').decode(bytes);
}

describe('PlayReady Object', () => {
  it('is length, count and records, all little-endian', () => {
    expect(buildPlayReadyObject({ headerXml: '<a>', licenseStoreBytes: 3 })).toEqual(
      fromHex(
        '17000000' + // length: 6 + (4 + 6) + (4 + 3) = 23
          '0200' + // two records
          '01000600' + // header, 3 characters of 2 bytes
          '3c0061003e00' +
          '03000300' + // embedded license store, 3 bytes
          '000000',
      ),
    );
  });

  it.each(Object.entries(PEER_OBJECTS))('%s is read, and rebuilt byte for byte', (_, base64) => {
    const object = readPlayReadyObject(fromBase64(base64)!);
    expect(object.records.map(({ type }) => type)).toEqual([1]);
    expect(object.licenseStoreBytes).toBeUndefined();
    expect(toBase64(buildPlayReadyObject({ headerXml: utf16(object.header!) }))).toBe(base64);
  });

  it('round trips any text and store', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 });
    const store = fc.option(fc.integer({ min: 1, max: DEFAULT_LICENSE_STORE_BYTES }), { nil: undefined });
    fc.assert(
      fc.property(text, store, (headerXml, licenseStoreBytes) => {
        const bytes = buildPlayReadyObject({
          headerXml,
          ...(licenseStoreBytes !== undefined && { licenseStoreBytes }),
        });
        const object = readPlayReadyObject(bytes);
        expect(Buffer.from(object.header!).toString('utf16le')).toBe(headerXml);
        expect(object.licenseStoreBytes).toBe(licenseStoreBytes);
      }),
    );
  });

  it('holds at most 15 KB', () => {
    const header = 'x'.repeat(100); // 200 bytes and 4 of its record
    const room = MAX_OBJECT_BYTES - 6 - 4 - 200 - 4;
    expect(buildPlayReadyObject({ headerXml: header, licenseStoreBytes: room })).toHaveLength(15360);
    for (const licenseStoreBytes of [room + 1, MAX_OBJECT_BYTES]) {
      expect(() => buildPlayReadyObject({ headerXml: header, licenseStoreBytes })).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
    // 70,000 bytes: a 16-bit length would wrap to 4,464.
    expect(() => buildPlayReadyObject({ headerXml: 'x'.repeat(35_000) })).toThrowError(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('70010 bytes') }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, MAX_OBJECT_BYTES + 1, 2 ** 40])(
    'refuses a store of %d bytes',
    (licenseStoreBytes) => {
      expect(() => buildPlayReadyObject({ headerXml: '<a>', licenseStoreBytes })).toThrowError(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    },
  );
});

describe('a PlayReady Object that lies', () => {
  it.each([
    ['length too small', '0f000000 0100 0100 0600 3c0061003e00', 0, /length field/],
    ['length too large', '11000000 0100 0100 0600 3c0061003e00', 0, /length field/],
    ['length of 2^32-1', 'ffffffff 0100 0100 0600 3c0061003e00', 0, /length field/],
    ['length in big-endian', '00000010 0100 0100 0600 3c0061003e00', 0, /length field/],
    [
      'fewer records than there are',
      '10000000 0000 0100 0600 3c0061003e00',
      6,
      /bytes follow the last of 0 records/,
    ],
    [
      'more records than fit',
      '10000000 ffff 0100 0600 3c0061003e00',
      6,
      /65535 entries of 4 bytes do not fit/,
    ],
    ['one record too many', '10000000 0200 0100 0600 3c0061003e00', 16, /ends too early/],
    ['record overrun', '10000000 0100 0100 0700 3c0061003e00', 8, /record 0 is longer than the object/],
    ['record of 65535 bytes', '10000000 0100 0100 ffff 3c0061003e00', 8, /record 0 is longer/],
    ['record too short', '10000000 0100 0100 0400 3c0061003e00', 14, /bytes follow the last of 1 records/],
    ['nothing at all', '', 0, /ends too early/],
  ])('%s: is found at its offset', (_, hex, offsetBytes, message) => {
    const bytes = fromHex(hex.replaceAll(' ', ''))!;
    expect(() => readPlayReadyObject(bytes)).toThrowError(
      expect.objectContaining({
        code: 'MALFORMED_INPUT',
        message: expect.stringMatching(message),
        details: expect.objectContaining({ offsetBytes }),
      }),
    );
    expect(isPlayReadyObject(bytes)).toBe(false);
  });

  it('is found at every truncation', () => {
    const whole = buildPlayReadyObject({ headerXml: '<a></a>', licenseStoreBytes: 9 });
    expect(isPlayReadyObject(whole)).toBe(true);
    for (let length = 0; length < whole.length; length++) {
      expect(() => readPlayReadyObject(whole.subarray(0, length))).toThrowError(
        expect.objectContaining({ code: 'MALFORMED_INPUT' }),
      );
    }
  });

  it('gives an error of ours or a value, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(typeof isPlayReadyObject(bytes)).toBe('boolean');
      }),
    );
  });
});

describe('isPlayReadyObject', () => {
  it('knows objects from pssh boxes', () => {
    expect(isPlayReadyObject(fromBase64(SHAKA_OBJECT_4_0)!)).toBe(true);
    const pssh = fromHex(
      '000000247073736800000000' + '9a04f07998404286ab92e65be0885f95' + '0000000400000000',
    )!;
    expect(isPlayReadyObject(pssh)).toBe(false);
  });

  it('asks for a header', () => {
    expect(isPlayReadyObject(fromHex('0b000000 0100 0300 0100 00'.replaceAll(' ', ''))!)).toBe(false);
  });
});
