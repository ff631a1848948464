import { createDecipheriv } from 'node:crypto';
import { Node } from './mp4-reader.js';

const SENC = Buffer.from('a2394f525a9b4f14a2446c427c648df4', 'hex');

/** A sample of a fragment, as a client decodes it. */
export interface PiffSample {
  /** In ticks of ten million a second, from the start of the fragment. */
  readonly dts: number;
  readonly cto: number;
  readonly duration: number;
  readonly data: Buffer;
}

/**
 * Reads and decrypts a fragment of Smooth Streaming as a client does, which knows nothing but the fragment and the key: `tfhd`, `trun` and the
 * sample encryption box of PIFF 1.1 with IVs of 8 bytes. It shares no code with src/.
 */
export function piffSamples(fragment: Buffer, keyHex: string): PiffSample[] {
  const size = fragment.readUInt32BE(0);
  const moof = new Node({ type: 'moof', offset: 0, size, header: 8 }, fragment.subarray(8, size));
  const [tfhd, trun, senc] = ['tfhd', 'trun', 'uuid'].map((type) => moof.get(`traf/${type}`)!);
  if (!senc.data.subarray(0, 16).equals(SENC)) throw new Error('another uuid box');
  const protections = readProtections(senc.data.subarray(16));
  const [defaultDuration, defaultSize] = defaultsOf(tfhd);
  let at = trun.u32(8);
  let field = 12 + (trun.flags & 4 ? 4 : 0);
  let dts = 0;
  const next = (flag: number, otherwise: number) => {
    if ((trun.flags & flag) === 0) return otherwise;
    field += 4;
    return trun.u32(field - 4);
  };
  return protections.map((protection) => {
    const duration = next(0x100, defaultDuration);
    const bytes = next(0x200, defaultSize);
    next(0x400, 0);
    const cto = next(0x800, 0);
    const data = decrypt(fragment.subarray(at, at + bytes), protection, keyHex);
    at += bytes;
    dts += duration;
    return { dts: dts - duration, cto, duration, data };
  });
}

interface Protection {
  readonly iv: Buffer;
  readonly map: readonly (readonly [clear: number, hidden: number])[] | undefined;
}

function readProtections(data: Buffer): Protection[] {
  const hasMaps = (data[3] & 2) !== 0;
  let at = 8;
  return Array.from({ length: data.readUInt32BE(4) }, () => {
    const iv = data.subarray(at, at + 8);
    at += 8;
    if (!hasMaps) return { iv, map: undefined };
    const count = data.readUInt16BE(at);
    const map = Array.from({ length: count }, (_, i): [number, number] => [
      data.readUInt16BE(at + 2 + 6 * i),
      data.readUInt32BE(at + 4 + 6 * i),
    ]);
    at += 2 + 6 * count;
    return { iv, map };
  });
}

function defaultsOf(tfhd: Node): [duration: number, size: number] {
  let at = 8;
  const next = (flag: number) => {
    if ((tfhd.flags & flag) === 0) return 0;
    at += 4;
    return tfhd.u32(at - 4);
  };
  next(2);
  return [next(8), next(0x10)];
}

function decrypt(data: Buffer, { iv, map }: Protection, keyHex: string): Buffer {
  const cipher = createDecipheriv(
    'aes-128-ctr',
    Buffer.from(keyHex, 'hex'),
    Buffer.concat([iv, Buffer.alloc(8)]),
  );
  let at = 0;
  const parts = (map ?? [[0, data.length]]).map(([clear, hidden]) => {
    const start = at + clear;
    const part = [data.subarray(at, start), cipher.update(data.subarray(start, start + hidden))];
    at = start + hidden;
    return Buffer.concat(part);
  });
  return Buffer.concat([...parts, data.subarray(at)]);
}
