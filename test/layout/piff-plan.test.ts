import { describe, expect, it } from 'vitest';
import { u32 } from '../support/builder/boxes.js';
import { boxesIn } from '../support/mp4-reader.js';
import { hex, PLAYREADY, piff } from './piff.js';
import { boxIn, KID } from './plans.js';

describe('PiffPlan', () => {
  const { plan, bytes, top, samples, input } = piff();
  const [, moov, ...fragments] = top.map(({ offset, size }) => bytes.subarray(offset, offset + size));

  it('is a file with its index at the end', () => {
    expect(top.map(({ type }) => type).join(' ')).toBe('ftyp moov moof mdat moof mdat moof mdat mfra');
    expect(bytes.toString('latin1', 8, top[0].size)).toBe('isml\0\0\0\x01isml' + 'piffiso2iso6');
    expect(plan.mediaBytes).toBe(top[8].offset - top[2].offset);
  });

  it('names the scheme, the KID and PlayReady in the boxes of PIFF, and nothing else', () => {
    const sinf = boxIn(moov, 'sinf');
    expect(sinf.includes('schm\0\0\0\0piff\0\x01\0\x01', 0, 'latin1')).toBe(true);
    expect(
      sinf.includes(Buffer.concat([hex('8974dbce-7be7-4c51-84f9-7148f9882554'), u32(0, 0x108), hex(KID)])),
    ).toBe(true);
    const pssh = Buffer.concat([hex('d08a4f18-10f3-4a82-b6c8-32d8aba183d3'), u32(0), hex(PLAYREADY), u32(3)]);
    expect(moov.includes(pssh)).toBe(true);
    for (const type of ['pssh', 'tenc', 'edts']) expect(moov.includes(type), type).toBe(false);
    expect(boxIn(moov, 'mdhd').readUInt32BE(20)).toBe(10_000_000);
  });

  it('copies the samples, with IVs and times that those of the encrypted file have', () => {
    const [moof, mdat] = fragments.slice(2, 4); // the third and fourth sample
    const sample = (i: number) => {
      const data = Buffer.alloc(samples.sizes[i]);
      input.readInto(data, samples.offsets[i]);
      return data;
    };
    expect(mdat.subarray(8)).toEqual(Buffer.concat([sample(2), sample(3)]));
    expect(boxesIn(boxIn(moof, 'traf').subarray(8)).map(({ type }) => type)).toEqual([
      'tfhd',
      'tfdt',
      'trun',
      'uuid',
    ]);
    const senc = boxIn(moof, 'uuid');
    // version and flags, two samples, whose IVs count on
    expect(senc.subarray(8)).toEqual(
      Buffer.concat([hex('a2394f52-5a9b-4f14-a244-6c427c648df4'), u32(0, 2, 0, 2, 0, 3)]),
    );
    expect(boxIn(moof, 'tfhd').readUInt32BE(8) & 0x20000).toBe(0); // MS-SSTR has no default-base-is-moof
    expect(boxIn(moof, 'tfdt').readBigUInt64BE(12)).toBe(426666n); // 1024/48000 s to where the edit begins, and from there: 213333 each
    expect(boxIn(moof, 'trun').readInt32BE(16)).toBe(moof.length + 8);
  });

  it('finds each fragment by its time', () => {
    const tfra = boxIn(fragments[6], 'tfra');
    const entries = [0, 1, 2].map((i) => [
      tfra.readBigUInt64BE(24 + 19 * i),
      Number(tfra.readBigUInt64BE(32 + 19 * i)),
    ]);
    expect(entries).toEqual([
      [0n, top[2].offset],
      [426666n, top[4].offset],
      [853333n, top[6].offset],
    ]);
    expect(bytes.readUInt32BE(bytes.length - 4)).toBe(fragments[6].length);
  });
});
