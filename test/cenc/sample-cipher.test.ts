import { ctr } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { type CtrRun, createNativeAes, nobleAesMaker } from '../../src/cenc/aes.js';
import { CtrSampleCipher } from '../../src/cenc/ctr-cipher.js';
import { createSampleCipher, type SampleCipher } from '../../src/cenc/sample-cipher.js';
import { NO_PATTERN, SCHEMES } from '../../src/cenc/scheme.js';
import type { SubsampleTable } from '../../src/cenc/subsamples.js';

const hex = (text: string) => fromHex(text.replaceAll(/\s/g, ''))!;

/** The key of NIST SP 800-38A appendix F. */
const NIST_KEY = hex('2b7e151628aed2a6abf7158809cf4f3c');

const ciphers: [string, (key: Uint8Array) => Promise<SampleCipher>][] = [
  ['the default', (key) => createSampleCipher(SCHEMES.cenc, NO_PATTERN, key, 'encrypt')],
  ['node:crypto, short parts', async (key) => batchedOnly(key)],
  ['@noble/ciphers', async (key) => new CtrSampleCipher((await nobleAesMaker())(key))],
];

function batchedOnly(key: Uint8Array): SampleCipher {
  return new CtrSampleCipher({ ...createNativeAes(key), startCtr: undefined });
}

/** One sample, or the part of it from `fromByte` on, done in a copy that stands at an odd offset. */
function processed(
  cipher: SampleCipher,
  data: Uint8Array,
  iv: Uint8Array,
  subsamples?: SubsampleTable,
  fromByte = 0,
): Uint8Array {
  const bytes = new Uint8Array(data.length + 3);
  bytes.set(data, 3);
  const toByte = fromByte + data.length;
  cipher.process({ bytes, at: 3, fromByte, toByte, sizeBytes: toByte }, iv, subsamples, 0);
  cipher.flush();
  return bytes.slice(3);
}

function tableOf(...entries: [clear: number, protectedBytes: number][]): SubsampleTable {
  return {
    starts: Uint32Array.of(0, entries.length),
    clearBytes: Uint16Array.from(entries, ([clear]) => clear),
    protectedBytes: Uint32Array.from(entries, ([, size]) => size),
  };
}

/** What CTR mode gives by @noble/ciphers, which counts all 128 bits: one call for each side of a wrap. */
function nobleCtr(key: Uint8Array, counterBlock: Uint8Array, data: Uint8Array): Uint8Array {
  const low = new DataView(counterBlock.buffer, counterBlock.byteOffset).getBigUint64(8);
  const toWrap = Number(BigInt.asUintN(64, -low)) * 16 || Number.POSITIVE_INFINITY;
  const wrapped = counterBlock.slice().fill(0, 8);
  const head = data.subarray(0, toWrap);
  const tail = data.subarray(head.length);
  const ofTail = tail.length ? ctr(key, wrapped).encrypt(tail) : new Uint8Array();
  return new Uint8Array(Buffer.concat([ctr(key, counterBlock).encrypt(head), ofTail]));
}

function pattern(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
}

describe.each(ciphers)('AES-128-CTR by %s', (_name, create) => {
  // NIST SP 800-38A F.5.1 CTR-AES128.Encrypt
  const initialCounter = hex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
  const plain = hex(`6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                     30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`);
  const encrypted = hex(`874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff
                         5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee`);

  it('gives the NIST SP 800-38A F.5.1 vector, and back', async () => {
    const cipher = await create(NIST_KEY);
    expect(toHex(processed(cipher, plain, initialCounter))).toBe(toHex(encrypted));
    expect(toHex(processed(cipher, encrypted, initialCounter))).toBe(toHex(plain));
  });

  it('gives it in parts that start inside a block', async () => {
    const cipher = await create(NIST_KEY);
    for (const cut of [1, 15, 16, 17, 40, 63]) {
      const head = processed(cipher, plain.subarray(0, cut), initialCounter);
      const tail = processed(cipher, plain.subarray(cut), initialCounter, undefined, cut);
      expect(toHex(head) + toHex(tail)).toBe(toHex(encrypted));
    }
  });

  it('gives it through subsamples, whose protected ranges are one stream', async () => {
    const cipher = await create(NIST_KEY);
    const clear = hex('aabbcc');
    const sample = Uint8Array.of(...clear, ...plain.subarray(0, 16), ...clear, ...plain.subarray(16));
    const result = processed(cipher, sample, initialCounter, tableOf([3, 16], [3, 48]));
    const half = toHex(encrypted).slice(0, 32);
    expect(toHex(result)).toBe(`aabbcc${half}aabbcc${toHex(encrypted).slice(32)}`);
  });

  it.each([100, 5000, 70000])(
    'wraps the second half of a 16-byte IV without a carry, %i bytes',
    async (size) => {
      const cipher = await create(NIST_KEY);
      // the third block is the first after the wrap: ...fe, ...ff, 00...00 with the first half as it was
      const iv = hex('00112233445566ff fffffffffffffffe');
      expect(toHex(processed(cipher, pattern(size), iv))).toBe(toHex(nobleCtr(NIST_KEY, iv, pattern(size))));
      const afterWrap = processed(cipher, pattern(size).subarray(32), iv, undefined, 32);
      const fromZero = ctr(NIST_KEY, hex('00112233445566ff 0000000000000000')).encrypt(
        pattern(size).subarray(32),
      );
      expect(toHex(afterWrap)).toBe(toHex(fromZero));
    },
  );

  it.each([100, 5000])('carries from the lowest 32 bits into the next, %i bytes', async (size) => {
    const cipher = await create(NIST_KEY);
    const iv = hex('00112233445566ff 00000001fffffffe');
    expect(toHex(processed(cipher, pattern(size), iv))).toBe(toHex(ctr(NIST_KEY, iv).encrypt(pattern(size))));
  });

  it.each([0, 1, 15, 16, 17, 4095, 4096, 32768 + 5, 100_000])(
    'agrees with @noble/ciphers on %i bytes',
    async (size) => {
      const cipher = await create(NIST_KEY);
      const iv = hex('fedcba9876543210');
      const counterBlock = hex('fedcba9876543210 0000000000000000');
      expect(toHex(processed(cipher, pattern(size), iv))).toBe(
        toHex(ctr(NIST_KEY, counterBlock).encrypt(pattern(size))),
      );
    },
  );
});

describe('parts and flushing', () => {
  it('gives the same bytes for any cuts, subsamples and IV size', async () => {
    const cipher = await createSampleCipher(SCHEMES.cenc, NO_PATTERN, NIST_KEY, 'encrypt');
    const entries = fc.array(
      fc.tuple(fc.nat(300), fc.oneof(fc.nat(100), fc.constantFrom(0, 16, 4096, 9000))) as fc.Arbitrary<
        [number, number]
      >,
      { minLength: 1, maxLength: 8 },
    );
    const ivs = fc.oneof(
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.nat(600).map((n) => hex(`0123456789abcdefffffffffffff${(0xffff - n).toString(16)}`)),
    );
    fc.assert(
      fc.property(entries, ivs, fc.array(fc.nat(20_000), { maxLength: 6 }), (list, iv, cuts) => {
        const table = tableOf(...list);
        const size = list.reduce((sum, [clear, kept]) => sum + clear + kept, 0);
        const plain = pattern(size);
        const whole = processed(cipher, plain, iv, table);
        const parts = partwise(cipher, plain, iv, table, cuts);
        expect(toHex(parts)).toBe(toHex(whole));
        expect(toHex(whole)).toBe(toHex(expected(plain, iv, list)));
        expect(toHex(processed(cipher, whole, iv, table))).toBe(toHex(plain));
      }),
      { numRuns: 150 },
    );
  });

  /** All parts in one piece of memory, last first, with one flush at the end. */
  function partwise(
    cipher: SampleCipher,
    plain: Uint8Array,
    iv: Uint8Array,
    table: SubsampleTable,
    cuts: readonly number[],
  ): Uint8Array {
    const bytes = plain.slice();
    const edges = [0, ...cuts.filter((cut) => cut < plain.length).sort((a, b) => a - b), plain.length];
    for (let i = edges.length - 2; i >= 0; i--) {
      cipher.process(
        { bytes, at: edges[i], fromByte: edges[i], toByte: edges[i + 1], sizeBytes: edges.at(-1)! },
        iv,
        table,
        0,
      );
    }
    cipher.flush();
    return bytes;
  }

  /** By @noble/ciphers: the protected bytes taken out, encrypted as one, and put back. */
  function expected(
    plain: Uint8Array,
    iv: Uint8Array,
    entries: readonly (readonly [number, number])[],
  ): Uint8Array {
    const counterBlock = new Uint8Array(16);
    counterBlock.set(iv);
    const places: number[] = [];
    let at = 0;
    for (const [clear, kept] of entries) {
      at += clear;
      for (let i = 0; i < kept; i++) places.push(at++);
    }
    const stream = nobleCtr(
      NIST_KEY,
      counterBlock,
      Uint8Array.from(places, (place) => plain[place]),
    );
    const result = plain.slice();
    places.forEach((place, i) => {
      result[place] = stream[i];
    });
    return result;
  }

  it('gathers the short ranges of a large sample for few calls', () => {
    const aes = createNativeAes(NIST_KEY);
    const lengths: number[] = [];
    const startCtr = (counterBlock: Uint8Array): CtrRun => {
      const run = aes.startCtr!(counterBlock);
      return (bytes) => {
        lengths.push(bytes.length);
        run(bytes);
      };
    };
    const cipher = new CtrSampleCipher({ ...aes, startCtr });
    const iv = hex('0011223344556677');
    const short = (count: number) => Array.from({ length: count }, (): [number, number] => [10, 3000]);
    const list: [number, number][] = [...short(30), [5, 8192], ...short(2), [0, 100_000], [7, 500]];
    const plain = pattern(list.reduce((sum, [clear, kept]) => sum + clear + kept, 0));
    const result = processed(cipher, plain, iv, tableOf(...list));
    expect(toHex(result)).toBe(toHex(expected(plain, iv, list)));
    // 21 of 3000 bytes are the most that 65536 bytes hold
    expect(lengths).toEqual([63_000, 27_000, 8192, 6000, 100_000, 500]);
  });

  it('collects more short samples than one batch holds', async () => {
    const cipher = await createSampleCipher(SCHEMES.cenc, NO_PATTERN, NIST_KEY, 'encrypt');
    const size = 301; // 19 blocks; a batch holds 2048
    const bytes = pattern(size * 500);
    const iv = new Uint8Array(8);
    for (let i = 0; i < 500; i++) {
      iv[6] = i >> 8;
      iv[7] = i & 0xff;
      cipher.process({ bytes, at: i * size, fromByte: 0, toByte: size, sizeBytes: size }, iv);
    }
    cipher.flush();
    for (const i of [0, 107, 108, 255, 256, 499]) {
      const counterBlock = hex(`000000000000${i.toString(16).padStart(4, '0')} 0000000000000000`);
      const plain = pattern(size * 500).subarray(i * size, (i + 1) * size);
      expect(toHex(bytes.subarray(i * size, (i + 1) * size))).toBe(
        toHex(ctr(NIST_KEY, counterBlock).encrypt(plain)),
      );
    }
  });

  it('serves several pieces of memory in one batch', async () => {
    const cipher = await createSampleCipher(SCHEMES.cenc, NO_PATTERN, NIST_KEY, 'encrypt');
    const a = new Uint8Array(20);
    const b = new Uint8Array(20);
    const iv = new Uint8Array(8);
    const add = (bytes: Uint8Array) =>
      cipher.process({ bytes, at: 0, fromByte: 0, toByte: 20, sizeBytes: 20 }, iv);
    add(a);
    add(b);
    cipher.flush();
    const encrypted = toHex(ctr(NIST_KEY, new Uint8Array(16)).encrypt(new Uint8Array(20)));
    expect([toHex(a), toHex(b)]).toEqual([encrypted, encrypted]);
    add(a);
    cipher.flush();
    expect(toHex(a)).toBe('00'.repeat(20)); // twice is not at all
  });

  it('refuses a key of another size', async () => {
    await expect(
      createSampleCipher(SCHEMES.cenc, NO_PATTERN, new Uint8Array(32), 'encrypt'),
    ).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
  });
});

describe('memory', () => {
  it.each(ciphers.slice(0, 2))('of what %s returns is given back at once', async (_, create) => {
    const cipher = await create(NIST_KEY);
    const bytes = new Uint8Array(2 ** 20);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 20; i++) {
      cipher.process(
        { bytes, at: 0, fromByte: 0, toByte: bytes.length, sizeBytes: bytes.length },
        hex('0000000000000001'),
      );
      cipher.flush();
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
  });
});
