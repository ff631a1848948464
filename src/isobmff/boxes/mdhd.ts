import type { ByteReader } from '../../bytes/reader.js';
import { ByteWriter } from '../../bytes/writer.js';
import { fullBox, readVersionAndFlags } from './box.js';
import { readDuration, skipTimes } from './duration.js';

/** MediaHeaderBox (ISO/IEC 14496-12 8.4.2). */
export interface Mdhd {
  readonly timescaleHz: number;
  /** Undefined when the box says that it is not known. */
  readonly durationTicks: bigint | undefined;
  /** ISO 639-2/T code; `und` also for QuickTime's numbered languages. */
  readonly language: string;
}

/**
 * Reads the payload after the box header.
 * @throws PrpackError MALFORMED_INPUT
 */
export function readMdhd(reader: ByteReader): Mdhd {
  const { version } = readVersionAndFlags(reader, 1);
  skipTimes(reader, version);
  const timescaleAt = reader.position;
  const timescaleHz = reader.u32();
  if (timescaleHz === 0) {
    throw reader.fail('the timescale is 0', timescaleAt, { clause: 'ISO/IEC 14496-12 8.4.2.3' });
  }
  const durationTicks = readDuration(reader, version);
  const language = languageOf(reader.u16());
  reader.skip(2); // pre_defined
  return { timescaleHz, durationTicks, language };
}

/** Three letters of 5 bits each, counted from the character before `a` (8.4.2.3). */
function languageOf(packed: number): string {
  const letters = [10, 5, 0].map((shift) => ((packed >> shift) & 0x1f) + 0x60);
  return letters.every((letter) => letter >= 0x61 && letter <= 0x7a)
    ? String.fromCharCode(...letters)
    : 'und';
}

/** The whole box. An unknown duration is 0: it is in fragments. */
export function writeMdhd({ timescaleHz, durationTicks = 0n, language }: Mdhd): Uint8Array {
  const [a, b, c] = [...language].map((letter) => letter.charCodeAt(0) - 0x60);
  const payload = new ByteWriter(20)
    .u32(0) // creation_time
    .u32(0) // modification_time
    .u32(timescaleHz)
    .u32(Number(durationTicks))
    .u16((a << 10) | (b << 5) | c)
    .u16(0); // pre_defined
  return fullBox('mdhd', 0, 0, payload.finish());
}
