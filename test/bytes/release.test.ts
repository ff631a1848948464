import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { release } from '../../src/bytes/release.js';

describe('release', () => {
  it('leaves the first two megabytes of a thread to the garbage collector', () => {
    for (let i = 0; i < 2; i++) {
      const bytes = new Uint8Array(2 ** 20);
      release(bytes);
      expect(bytes.length).toBe(2 ** 20);
    }
  });

  it('leaves nothing of the bytes', () => {
    const bytes = new Uint8Array(4096).fill(7);
    release(bytes);
    expect(bytes.length).toBe(0);
    expect(bytes.buffer.byteLength).toBe(0);
  });

  it('leaves few bytes to the garbage collector', () => {
    const bytes = new Uint8Array(1000).fill(7);
    release(bytes);
    expect(bytes.length).toBe(1000);
  });

  it('leaves alone what has its memory in common with others', () => {
    const memory = new Uint8Array(10_000).fill(7);
    release(memory.subarray(10));
    expect(memory.length).toBe(10_000);
  });

  it('frees what ciphers return without a garbage collection', () => {
    const cipher = createCipheriv('aes-128-ctr', new Uint8Array(16), new Uint8Array(16));
    const clear = new Uint8Array(2 ** 20);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 20; i++) {
      release(cipher.update(clear));
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    }
  });
});
