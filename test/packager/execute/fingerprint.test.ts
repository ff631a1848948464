import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Fingerprint } from '../../../src/packager/execute/fingerprint.js';

const PARTS = ['one', 'and two', ' make three'].map((text) => new TextEncoder().encode(text));
const STARTS = [0, 3, 10];

describe('the fingerprint of an output that is written out of order', () => {
  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])(
    'is that of the bytes in file order: %j',
    async (order) => {
      const fingerprint = new Fingerprint();
      await Promise.all(order.map((part) => fingerprint.add(STARTS[part], PARTS[part])));
      const whole = createHash('sha256').update('oneand two make three').digest('hex');
      expect(fingerprint.finish(21)).toBe(whole);
    },
  );

  it('keeps bytes until those before them are there', async () => {
    const fingerprint = new Fingerprint();
    let isFree = false;
    const free = fingerprint.add(3, PARTS[1]).then(() => {
      isFree = true;
    });
    await Promise.resolve();
    expect(isFree).toBe(false);
    await fingerprint.add(0, PARTS[0]);
    await free;
    expect(isFree).toBe(true);
  });

  it('is none where bytes are missing', async () => {
    const fingerprint = new Fingerprint();
    await fingerprint.add(0, PARTS[0]);
    expect(() => fingerprint.finish(21)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('lets everybody go when it is abandoned', async () => {
    const fingerprint = new Fingerprint();
    const waits = [fingerprint.add(3, PARTS[1]), fingerprint.add(10, PARTS[2])];
    fingerprint.abandon();
    await Promise.all(waits);
    expect(() => fingerprint.finish(21)).toThrow();
  });
});
