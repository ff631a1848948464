import { ecb } from '@noble/ciphers/aes.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/bytes/hex.js';
import { type Aes, createNativeAes, type Direction, nobleAesMaker } from '../../src/cenc/aes.js';
import { CbcSampleCipher } from '../../src/cenc/cbc-cipher.js';
import { CtrSampleCipher } from '../../src/cenc/ctr-cipher.js';
import { createSampleCipher, type SampleCipher } from '../../src/cenc/sample-cipher.js';
import { hasPattern, NO_PATTERN, type Pattern, SCHEMES, type SchemeName } from '../../src/cenc/scheme.js';
import type { SubsampleTable } from '../../src/cenc/subsamples.js';
import { CLEAR, KEY, SAMPLE_VECTORS } from './sample-vectors.fixtures.js';

type Entries = readonly (readonly [clear: number, protectedBytes: number])[];

const key = fromHex(KEY)!;
const names = Object.keys(SCHEMES) as SchemeName[];

function tableOf(entries: Entries): SubsampleTable {
  return {
    starts: Uint32Array.of(0, entries.length),
    clearBytes: Uint16Array.from(entries, ([clear]) => clear),
    protectedBytes: Uint32Array.from(entries, ([, size]) => size),
  };
}

function processed(cipher: SampleCipher, sample: Uint8Array, iv: Uint8Array, entries?: Entries): Uint8Array {
  const bytes = new Uint8Array(sample.length + 3);
  bytes.set(sample, 3);
  const table = entries && tableOf(entries);
  cipher.process(
    { bytes, at: 3, fromByte: 0, toByte: sample.length, sizeBytes: sample.length },
    iv,
    table,
    0,
  );
  cipher.flush();
  return bytes.slice(3);
}

function cipherOf(aes: Aes, name: SchemeName, pattern: Pattern, direction: Direction): SampleCipher {
  const scheme = SCHEMES[name];
  return scheme.cipherMode === 'cbc'
    ? new CbcSampleCipher(aes, scheme, pattern, direction)
    : new CtrSampleCipher(aes, hasPattern(scheme) ? pattern : undefined);
}

describe.each([
  ['node:crypto', async () => createNativeAes(key)],
  ['@noble/ciphers', async () => (await nobleAesMaker())(key)],
] as [string, () => Promise<Aes>][])('known samples by %s', (_, createAes) => {
  it.each(SAMPLE_VECTORS)('$name', async ({ scheme, iv, pattern, subsamples, sizeBytes, encrypted }) => {
    const aes = await createAes();
    const clear = fromHex(CLEAR.slice(0, 2 * sizeBytes))!;
    const [cryptByteBlock, skipByteBlock] = pattern;
    const of = (direction: Direction) => cipherOf(aes, scheme, { cryptByteBlock, skipByteBlock }, direction);
    const there = processed(of('encrypt'), clear, fromHex(iv)!, subsamples);
    expect(toHex(there)).toBe(encrypted);
    expect(toHex(processed(of('decrypt'), there, fromHex(iv)!, subsamples))).toBe(toHex(clear));
  });

  it('goes on right after samples of other sizes, and of none', async () => {
    const aes = await createAes();
    for (const name of names) {
      const cipher = cipherOf(aes, name, SCHEMES[name].videoPattern, 'encrypt');
      const vectors = SAMPLE_VECTORS.filter(
        ({ scheme, pattern }) => scheme === name && pattern[0] === SCHEMES[name].videoPattern.cryptByteBlock,
      ).filter(({ pattern }) => pattern[1] === SCHEMES[name].videoPattern.skipByteBlock);
      expect(vectors.length).toBeGreaterThan(0);
      for (const { iv, subsamples, sizeBytes, encrypted } of [...vectors, ...vectors.toReversed()]) {
        processed(cipher, new Uint8Array(0), fromHex(iv)!);
        const clear = fromHex(CLEAR.slice(0, 2 * sizeBytes))!;
        expect(toHex(processed(cipher, clear, fromHex(iv)!, subsamples))).toBe(encrypted);
      }
    }
  });
});

/** Block by block, by AES-ECB of @noble/ciphers: ISO/IEC 23001-7 9.5, 9.6 and 10 spelled out. */
function encryptedByBlocks(
  name: SchemeName,
  { cryptByteBlock, skipByteBlock }: Pattern,
  sample: Uint8Array,
  iv: Uint8Array,
  entries: Entries,
): Uint8Array {
  const aes = (block: Uint8Array) => ecb(key, { disablePadding: true }).encrypt(block);
  const result = sample.slice();
  const isCtr = name === 'cenc' || name === 'cens';
  const constant = new Uint8Array(16);
  constant.set(iv);
  let chained = constant.slice();
  let streamAt = 0;
  let at = 0;
  for (const [clear, size] of entries) {
    at += clear;
    if (name === 'cbcs') chained = constant.slice();
    for (let from = 0; from < size; from += 16) {
      const isWhole = from + 16 <= size;
      const inPattern =
        skipByteBlock === 0 || (from / 16) % (cryptByteBlock + skipByteBlock) < cryptByteBlock;
      if (!inPattern || (!isWhole && name !== 'cenc')) continue;
      if (isCtr) {
        for (let i = from; i < Math.min(from + 16, size); i++, streamAt++) {
          const counter = constant.slice();
          const view = new DataView(counter.buffer);
          view.setBigUint64(8, BigInt.asUintN(64, view.getBigUint64(8) + BigInt(Math.floor(streamAt / 16))));
          result[at + i] ^= aes(counter)[streamAt % 16];
        }
      } else {
        const block = sample.slice(at + from, at + from + 16).map((byte, i) => byte ^ chained[i]);
        chained = aes(block) as Uint8Array<ArrayBuffer>;
        result.set(chained, at + from);
      }
    }
    at += size;
  }
  return result;
}

describe('every scheme', () => {
  const patterns = fc.constantFrom([1, 9], [5, 5], [10, 0], [0, 0]);
  const entries = fc.array(
    fc.tuple(fc.nat(40), fc.oneof(fc.nat(60), fc.constantFrom(0, 16, 160, 176, 700, 5000))),
    { minLength: 1, maxLength: 6 },
  );

  it.each(names)('%s gives what block by block arithmetic gives, and comes back', async (name) => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        patterns,
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.boolean(),
        async (list, [crypt, skip], iv16, isShort) => {
          const scheme = SCHEMES[name];
          const pattern = hasPattern(scheme) ? { cryptByteBlock: crypt, skipByteBlock: skip } : NO_PATTERN;
          const iv = isShort ? iv16.slice(0, 8) : iv16;
          const size = list.reduce((sum, [clear, kept]) => sum + clear + kept, 0);
          const sample = Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
          const there = processed(
            await createSampleCipher(scheme, pattern, key, 'encrypt'),
            sample,
            iv,
            list,
          );
          expect(toHex(there)).toBe(toHex(encryptedByBlocks(name, pattern, sample, iv, list)));
          const back = processed(await createSampleCipher(scheme, pattern, key, 'decrypt'), there, iv, list);
          expect(toHex(back)).toBe(toHex(sample));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('of CBC refuses a part of a sample, since its chain has no middle to start from', async () => {
    const cipher = await createSampleCipher(SCHEMES.cbcs, NO_PATTERN, key, 'encrypt');
    const part = { bytes: new Uint8Array(32), at: 0, fromByte: 16, toByte: 48, sizeBytes: 48 };
    expect(() => cipher.process(part, new Uint8Array(16))).toThrow(RangeError);
  });

  it('cens can be done in any parts', async () => {
    const pattern = SCHEMES.cens.videoPattern;
    const cipher = await createSampleCipher(SCHEMES.cens, pattern, key, 'encrypt');
    const inParts: Entries = [
      [16, 1000],
      [7, 6000],
    ];
    const sample = Uint8Array.from({ length: 7023 }, (_, i) => i & 0xff);
    const iv = new Uint8Array(8).fill(3);
    const cutLists = [[1], [17, 40, 41], [1015, 1017, 1030, 5000]];
    const tables = [tableOf(inParts), undefined]; // without one, the whole sample is protected
    for (const [cuts, table] of cutLists.flatMap((cuts) => tables.map((table) => [cuts, table] as const))) {
      const bytes = sample.slice();
      const edges = [0, ...cuts, sample.length];
      for (let i = edges.length - 2; i >= 0; i--) {
        const [fromByte, toByte] = [edges[i], edges[i + 1]];
        cipher.process({ bytes, at: fromByte, fromByte, toByte, sizeBytes: sample.length }, iv, table, 0);
      }
      cipher.flush();
      const list: Entries = table ? inParts : [[0, sample.length]];
      expect(toHex(bytes)).toBe(toHex(encryptedByBlocks('cens', pattern, sample, iv, list)));
    }
  });
});
