import { expect } from 'vitest';
import { fromHex, toHex } from '../../../src/bytes/hex.js';
import { ByteReader } from '../../../src/bytes/reader.js';
import { PrpackError } from '../../../src/errors.js';

/** Bytes of hexadecimal text, in which spaces group fields. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll(/\s/g, ''));
  if (!bytes) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}

/** A reader over a box given as hexadecimal text, standing after its 8-byte header (24 for `uuid`). */
export function readerOf(boxHex: string, headerBytes = 8): ByteReader {
  const bytes = hex(boxHex);
  expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)).toBe(bytes.length);
  return new ByteReader(bytes.subarray(headerBytes), { boxPath: 'test', offsetBytes: headerBytes });
}

/** Expects the whole box as hexadecimal text. */
export function expectBox(written: Uint8Array, boxHex: string): void {
  expect(toHex(written)).toBe(toHex(hex(boxHex)));
}

/** Expects a refusal of the input that tells where it is. */
export function expectMalformed(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(PrpackError);
    const { code, details } = error as PrpackError;
    expect(code).toBe('MALFORMED_INPUT');
    expect(details.boxPath).toContain('test');
    expect(details.remedy).toBeTruthy();
    return;
  }
  expect.fail('nothing was thrown');
}

/** Expects that a mark of ISO/IEC 23001-7:2023 is refused by the name of what it stands for. */
export function expectFourthEditionRefused(read: () => unknown, message: RegExp): void {
  expect(read).toThrow(message);
  expect(read).toThrow(
    expect.objectContaining({
      code: 'UNSUPPORTED_FEATURE',
      details: expect.objectContaining({ clause: 'ISO/IEC 23001-7:2023', remedy: expect.any(String) }),
    }),
  );
}

/** Reads every shorter payload of the box and expects a refusal, except where the shorter one is itself a right one. */
export function expectEveryTruncationRefused(
  boxHex: string,
  read: (reader: ByteReader) => unknown,
  { headerBytes = 8, legalLengths = [] as readonly number[] } = {},
): void {
  const payload = hex(boxHex).subarray(headerBytes);
  for (let length = 0; length < payload.length; length++) {
    const reader = new ByteReader(payload.subarray(0, length), { boxPath: 'test', offsetBytes: 0 });
    if (legalLengths.includes(length)) read(reader);
    else expectMalformed(() => read(reader));
  }
}

/** Expects that the payload, whose count lies, is refused without memory being taken for the count. */
export function expectHugeCountRefused(payloadHex: string, read: (reader: ByteReader) => unknown): void {
  const reader = new ByteReader(hex(payloadHex), { boxPath: 'test', offsetBytes: 0 });
  const before = process.memoryUsage().arrayBuffers;
  expectMalformed(() => read(reader));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
}
