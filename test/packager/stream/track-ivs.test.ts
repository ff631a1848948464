import { describe, expect, it } from 'vitest';
import { countBlocksBefore, createIvSource } from '../../../src/cenc/iv.js';
import { drawIvStarts, sharesCounterBlock } from '../../../src/cenc/iv-start.js';
import { reservedUse, TrackIvs } from '../../../src/packager/stream/track-ivs.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('TrackIvs', () => {
  it('goes on counting samples, with 8 bytes', () => {
    const ivs = new TrackIvs(Buffer.from('00000000fffffffe', 'hex'));
    ivs.advance({ kind: 'counting8', start: ivs.next }, 5);
    expect(hex(ivs.next)).toBe('0000000100000003');
    ivs.advance({ kind: 'counting8', start: ivs.next }, 0);
    expect(hex(ivs.next)).toBe('0000000100000003');
  });

  it('goes on counting blocks, with 16 bytes, and never changes the high half', () => {
    const ivs = new TrackIvs(Buffer.from('0011223344556677ffffffffffffffff', 'hex'));
    const blocksBefore = countBlocksBefore(3, (sample) => [16, 17, 0][sample]!);
    ivs.advance({ kind: 'counting16', start: ivs.next, blocksBefore }, 3);
    expect(hex(ivs.next)).toBe('00112233445566770000000000000002');
  });

  it.each([8, 16] as const)('is, cut anywhere, what one piece is: %i bytes', (ivSize) => {
    const sizes = Array.from({ length: 40 }, (_, i) => (i * 37) % 100);
    const start = Uint8Array.from({ length: ivSize }, (_, i) => 0xf0 + i);
    const planOf = (from: Uint8Array, part: readonly number[]) =>
      ivSize === 8
        ? ({ kind: 'counting8', start: from } as const)
        : ({
            kind: 'counting16',
            start: from,
            blocksBefore: countBlocksBefore(part.length, (i) => part[i]!),
          } as const);
    const whole = createIvSource(planOf(start, sizes));
    const ivs = new TrackIvs(start);
    for (let at = 0; at < sizes.length; ) {
      const part = sizes.slice(at, at + 1 + (at % 7));
      const iv = new Uint8Array(ivSize);
      whole.ivAt(at, iv);
      expect(hex(ivs.next)).toBe(hex(iv));
      ivs.advance(planOf(ivs.next, part), part.length);
      at += part.length;
    }
  });

  it('stops before it enters what is set aside for another track', () => {
    const ivs = new TrackIvs(new Uint8Array(8));
    ivs.advance({ kind: 'counting8', start: ivs.next }, 2 ** 40);
    expect(() => ivs.advance({ kind: 'counting8', start: ivs.next }, 1)).toThrowError(/more samples/);
  });
});

describe('what is set aside for a track', () => {
  it.each([8, 16] as const)('lets many tracks under one key start apart, with %i bytes', (ivSize) => {
    const use = reservedUse(ivSize);
    const starts = drawIvStarts(Array.from({ length: 60 }, () => use));
    for (const [i, start] of starts.entries()) {
      for (const other of starts.slice(0, i)) {
        expect(sharesCounterBlock({ ...use, start }, { ...use, start: other })).toBe(false);
      }
    }
  });

  it('rejects a start within a trillion samples of another', () => {
    const draws = ['0000000000000000', '000000ffffffffff', '0000010000000000'];
    const draw = () => new Uint8Array(Buffer.from(draws.shift()!, 'hex'));
    const [, second] = drawIvStarts([reservedUse(8), reservedUse(8)], draw);
    expect(hex(second!)).toBe('0000010000000000');
  });
});
