import { cbc } from '@noble/ciphers/aes.js';
import { keystream } from '../sample-hashes.js';
import { box, fullBox, hex, text, u8, u16, u32, uuidBox } from './boxes.js';
import type { BuiltSample, BuiltTrack } from './movie.js';

export interface Protection {
  /** Sample entries as ISO/IEC 23001-7 or as PIFF 1.1 has them. */
  readonly style: 'cenc' | 'piff';
  readonly ivSize: 8 | 16;
  /** Default: AES-CTR. With AES-CBC, which takes IVs of 16 bytes, bytes behind the last whole block stay clear. */
  readonly cipher?: 'ctr' | 'cbc';
  /** Clear bytes at the start of every sample; 0 protects whole samples without subsamples. */
  readonly clearBytes: number;
  readonly kid: string;
  readonly keyHex: string;
}

const PIFF_TENC = '8974dbce-7be7-4c51-84f9-7148f9882554';
/** AlgorithmID of PIFF 1.1 5.3.3. */
const PIFF_CIPHERS = { ctr: 1, cbc: 2 };

/** A track as another packager would protect it, with IVs that count up. */
export function protect(track: BuiltTrack, protection: Protection): BuiltTrack {
  const samples = track.samples.map((sample, index) => protectSample(sample, index, protection));
  const entries = track.entries.map((entry) => protectEntry(entry, track.handler, protection));
  return { ...track, samples, entries };
}

function protectSample(sample: BuiltSample, index: number, protection: Protection): BuiltSample {
  const { ivSize, clearBytes, keyHex, cipher = 'ctr' } = protection;
  // The high half is near its end, and the low half of 16-byte IVs wraps within the sample.
  const iv = Buffer.concat([u32(0xfffffff0, index), ...(ivSize === 16 ? [u32(0xffffffff, 0xfffffffe)] : [])]);
  const data = Buffer.from(sample.data);
  const clear = Math.min(clearBytes, data.length);
  if (cipher === 'cbc') {
    const blocks = data.subarray(clear, data.length - ((data.length - clear) % 16));
    blocks.set(cbc(Buffer.from(keyHex, 'hex'), iv, { disablePadding: true }).encrypt(blocks));
  } else {
    const stream = keystream(keyHex, iv, data.length - clear);
    for (let at = clear; at < data.length; at++) data[at] ^= stream[at - clear];
  }
  const map = clearBytes === 0 ? [] : [u16(1, clear), u32(data.length - clear)];
  return { ...sample, data, aux: { iv, map: Buffer.concat(map) } };
}

function protectEntry(entry: Uint8Array, handler: string, protection: Protection): Buffer {
  const original = Buffer.from(entry);
  const isPiff = protection.style === 'piff';
  const kid = hex(protection.kid);
  const tenc = isPiff
    ? uuidBox(PIFF_TENC, 0, 0, u8(0, 0, PIFF_CIPHERS[protection.cipher ?? 'ctr'], protection.ivSize), kid)
    : fullBox('tenc', 0, 0, u8(0, 0, 1, protection.ivSize), kid);
  const sinf = box(
    'sinf',
    box('frma', original.subarray(4, 8)),
    fullBox('schm', 0, 0, text(isPiff ? 'piff' : 'cenc'), u32(isPiff ? 0x10001 : 0x10000)),
    box('schi', tenc),
  );
  return box(handler === 'vide' ? 'encv' : 'enca', original.subarray(8), sinf);
}
