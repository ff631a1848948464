import { createHash } from 'node:crypto';
import { ecb } from '@noble/ciphers/aes.js';
import { type ReadMovie, type ReadSample, type ReadTenc, type ReadTrack, readMovie } from './mp4-reader.js';
import { ffmpeg } from './tools.js';

/** A sample as any player sees it: when, how long, and which bytes. */
export interface SampleFingerprint {
  readonly dts: number;
  readonly duration: number;
  readonly cto: number;
  readonly sync: boolean;
  readonly size: number;
  readonly md5: string;
}

/** The key of everything, or what gives the key of a KID; hex. */
export type KeyHex = string | ((kid: string) => string);

/** Fingerprints of the samples of one track, decrypted where they are encrypted and a key is given. */
export function fingerprints(movie: ReadMovie, track: ReadTrack, keyHex?: KeyHex): SampleFingerprint[] {
  const keyOf = (sample: ReadSample) => {
    if (typeof keyHex !== 'function') return keyHex;
    const kid = sample.groupKid ?? track.entries[sample.entry].tenc?.kid;
    return kid === undefined ? undefined : keyHex(kid);
  };
  return track.samples.map((sample) => ({
    dts: sample.dts,
    duration: sample.duration,
    cto: sample.cto,
    sync: sample.sync,
    size: sample.size,
    md5: md5(sampleBytes(movie, sample, keyOf(sample), track.entries[sample.entry].tenc)),
  }));
}

/** Fingerprints of every track of a file, in track order. */
export function fingerprintsOf(path: string, keyHex?: KeyHex): SampleFingerprint[][] {
  const movie = readMovie(path);
  return movie.tracks.map((track) => fingerprints(movie, track, keyHex));
}

/** Size and hash of every sample of the first track of that kind. */
export function trackHashes(path: string, kind: 'audio' | 'video', keyHex?: string): string[] {
  const movie = readMovie(path);
  const track = movie.tracks.find(({ handler }) => handler === { audio: 'soun', video: 'vide' }[kind])!;
  return fingerprints(movie, track, keyHex).map(({ size, md5 }) => `${size} ${md5}`);
}

/**
 * A sample's bytes, decrypted by a second implementation (noble, block by block) where it has an IV.
 * @param tenc of its sample entry: `cenc` when absent
 */
export function sampleBytes(
  movie: ReadMovie,
  sample: ReadSample,
  keyHex?: string,
  tenc?: Pick<ReadTenc, 'scheme' | 'pattern'>,
): Buffer {
  const bytes = movie.at(sample.offset, sample.size);
  if (keyHex === undefined || sample.iv === undefined) return bytes;
  const ranges: Buffer[] = [];
  let at = 0;
  for (const [clear, size] of sample.subsamples ?? [[0, sample.size]]) {
    at += clear;
    ranges.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at !== sample.size) throw new Error(`subsamples sum to ${at}, the sample has ${sample.size} bytes`);
  const scheme = tenc?.scheme ?? 'cenc';
  const pieces = scheme === 'cenc' ? ranges : ranges.flatMap((range) => blocksOf(range, tenc!.pattern));
  if (scheme.startsWith('cbc')) {
    const chains = scheme === 'cbc1' ? [pieces] : ranges.map((range) => blocksOf(range, tenc!.pattern));
    for (const chain of chains) decryptChain(chain, keyHex, sample.iv);
  } else {
    const hidden = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const stream = keystream(keyHex, sample.iv, hidden);
    let used = 0;
    for (const piece of pieces) for (let i = 0; i < piece.length; i++) piece[i] ^= stream[used++];
  }
  return bytes;
}

/** Whole blocks of a protected range that the pattern encrypts (ISO/IEC 23001-7 9.6), as views of it. */
function blocksOf(range: Buffer, [crypt, skip]: readonly [number, number]): Buffer[] {
  const blocks: Buffer[] = [];
  for (let i = 0; 16 * (i + 1) <= range.length; i++) {
    if (skip === 0 || i % (crypt + skip) < crypt) blocks.push(range.subarray(16 * i, 16 * (i + 1)));
  }
  return blocks;
}

/** AES-CBC over blocks that need not lie side by side, in place; shorter IVs are followed by zeros. */
function decryptChain(blocks: readonly Buffer[], keyHex: string, iv: Buffer): void {
  if (blocks.length === 0) return;
  const aes = ecb(Buffer.from(keyHex, 'hex'), { disablePadding: true });
  const before = Buffer.concat([iv, Buffer.alloc(16 - iv.length), ...blocks]);
  const clear = aes.decrypt(before.subarray(16));
  blocks.forEach((block, i) => {
    for (let j = 0; j < 16; j++) block[j] = clear[16 * i + j] ^ before[16 * i + j];
  });
}

/** AES-CTR keystream as 'cenc' counts (ISO/IEC 23001-7 9.6): the low 64 bits of the block count, without a carry. */
export function keystream(keyHex: string, iv: Buffer, sizeBytes: number): Uint8Array {
  if (sizeBytes === 0) return new Uint8Array();
  const counters = Buffer.alloc(Math.ceil(sizeBytes / 16) * 16);
  const low = iv.length === 16 ? iv.readBigUInt64BE(8) : 0n;
  for (let at = 0; at < counters.length; at += 16) {
    iv.copy(counters, at, 0, 8);
    counters.writeBigUInt64BE(BigInt.asUintN(64, low + BigInt(at / 16)), at + 8);
  }
  return ecb(Buffer.from(keyHex, 'hex'), { disablePadding: true }).encrypt(counters);
}

/**
 * Hash, size and times of every sample as ffmpeg reads them, one line a sample: `stream, dts, pts, duration, size,
 * hash`. A key makes ffmpeg decrypt.
 */
export function ffmpegSamples(path: string, keyHex?: string): string[] {
  const key = keyHex === undefined ? [] : ['-decryption_key', keyHex, ...oneByOne(path)];
  const text = ffmpeg(...key, '-i', path, '-map', '0', '-c', 'copy', '-f', 'framemd5', '-');
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  // Fields behind the sixth are side data, and encryption is such.
  return rows.map((row) => row.split(',', 6).join());
}

/**
 * ffmpeg 5 takes the IVs of the wrong fragment when it has read several fragments ahead, which it does with files it
 * can seek in that have no sidx. As a stream it reads them one by one.
 */
function oneByOne(path: string): string[] {
  const { fragments, top } = readMovie(path);
  return fragments > 0 && !top.some(({ type }) => type === 'sidx') ? ['-seekable', '0'] : [];
}

/** Size and hash of every sample, by stream, for comparisons across timescales. */
export function ffmpegHashes(path: string, keyHex?: string): string[][] {
  const streams: string[][] = [];
  for (const line of ffmpegSamples(path, keyHex)) {
    const [stream, , , , size, hash] = line.split(',').map((field) => field.trim());
    const index = Number(stream);
    streams[index] ??= [];
    streams[index].push(`${size} ${hash}`);
  }
  return streams;
}

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}
