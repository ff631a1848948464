import { expect, it } from 'vitest';
import { pcmFrameBytes } from '../../src/isobmff/pcm.js';
import { readSampleEntries } from '../../src/isobmff/sample-entry.js';
import { walkBox } from '../../src/isobmff/walk.js';
import { box, fullBox, hex, u8, u16, u32 } from '../support/builder/boxes.js';

/** A sound description with its extra fields of version 1 or 2 (QuickTime File Format, Sound Sample Descriptions). */
function frameBytes(format: string, version: number, channels: number, bits: number, ...more: Uint8Array[]) {
  const head = [u32(0), u16(0, 1), u16(version, 0), u32(0), u16(channels, bits, 0, 0), u32(48000 * 0x10000)];
  const stsd = fullBox('stsd', 0, 0, u32(1), box(format, ...head, ...more));
  const slice = { bytes: stsd, startBytes: 0 };
  return pcmFrameBytes(readSampleEntries(walkBox(slice, 'stsd'), 'soun', slice).entries[0], slice);
}

it.each([
  ['sowt', 0, 2, 16, [], 4],
  ['twos', 0, 1, 8, [], 1],
  ['raw ', 0, 2, 8, [], 2],
  ['in24', 0, 2, 16, [], 6], // the name tells, not the field
  ['alaw', 0, 2, 16, [], 2],
  ['fl64', 0, 1, 16, [], 8],
  // version 1: samplesPerPacket, bytesPerPacket, bytesPerFrame, bytesPerSample
  ['in24', 1, 2, 16, [u32(1, 3, 6, 2)], 6],
  // version 2: size 72, 96000.0, 6 channels, 24 bits, flags, 18 bytes and 1 frame a packet
  ['lpcm', 2, 3, 16, [u32(72), hex('40f7700000000000'), u32(6, 0x7f000000, 24, 12, 18, 1)], 18],
  ['ipcm', 0, 2, 16, [fullBox('pcmC', 0, 0, u8(1, 24))], 6],
  ['sowt', 0, 0, 16, [], undefined],
  ['sowt', 1, 2, 16, [u32(1, 2, 0, 2)], undefined],
] as [string, number, number, number, Uint8Array[], number | undefined][])(
  '%s, version %i: bytes of a frame',
  (format, version, channels, bits, more, expected) => {
    expect(frameBytes(format, version, channels, bits, ...more)).toBe(expected);
  },
);
