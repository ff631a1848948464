import { describe, expect, it } from 'vitest';
import { type Emsg, readEmsg, writeEmsgHead } from '../../../src/isobmff/boxes/emsg.js';
import { expectBox, expectEveryTruncationRefused, expectMalformed, hex, readerOf } from './proofs.js';

// Written by hand from the syntax of ISO/IEC 23009-1 5.10.3.3.3: urn:mpeg:dash:event:2012, value 1, 1000 ticks a second, a delta of 500,
// a duration of 0xffffffff (not known), id 7, message 'now'
const NAMES = '75726e3a6d7065673a646173683a6576656e743a3230313200 3100';
const VERSION_0 = `0000003a 656d7367 00000000 ${NAMES} 000003e8 000001f4 ffffffff 00000007 6e6f77`;
// The same as version 1, at 2^32 + 1 ticks
const VERSION_1 = `0000003e 656d7367 01000000 000003e8 0000000100000001 ffffffff 00000007 ${NAMES} 6e6f77`;
const MESSAGE_BYTES = 3;

function texts({ schemeIdUri, value, ...others }: Emsg) {
  const [uri, own] = [schemeIdUri, value].map((bytes) => Buffer.from(bytes).toString());
  return { schemeIdUri: uri, value: own, ...others };
}

describe('emsg', () => {
  it('reads both versions up to the message', () => {
    const common = {
      flags: 0,
      schemeIdUri: 'urn:mpeg:dash:event:2012',
      value: '1',
      timescaleHz: 1000,
      eventDuration: 0xffffffff,
      id: 7,
    };
    for (const [version, box, presentationTime] of [
      [0, VERSION_0, 500n],
      [1, VERSION_1, 2n ** 32n + 1n],
    ] as const) {
      const reader = readerOf(box);
      expect(texts(readEmsg(reader))).toEqual({ version, presentationTime, ...common });
      expect(Buffer.from(reader.rest()).toString()).toBe('now');
    }
  });

  it.each([VERSION_0, VERSION_1])('writes what it reads', (box) => {
    const reader = readerOf(box);
    const head = writeEmsgHead(readEmsg(reader), MESSAGE_BYTES);
    expectBox(Buffer.concat([head, reader.rest()]), box);
  });

  it('refuses every truncation before the message', () => {
    for (const box of [VERSION_0, VERSION_1]) {
      const payload = hex(box).length - 8;
      const legalLengths = Array.from({ length: MESSAGE_BYTES }, (_, i) => payload - MESSAGE_BYTES + i);
      expectEveryTruncationRefused(box, readEmsg, { legalLengths });
    }
  });

  it('refuses a version that is not known, and a text without end', () => {
    expectMalformed(() => readEmsg(readerOf(VERSION_1.replace('01000000', '02000000'))));
    expectMalformed(() => readEmsg(readerOf('00000010 656d7367 00000000 61616161')));
  });
});
