import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { OutputDigests } from '../../../src/packager/execute/output-digests.js';
import { fingerprintUnder } from '../../support/fingerprint.js';

const PARTS = ['one', 'and two', ' make three'].map((text) => new TextEncoder().encode(text));
const STARTS = [0, 3, 10];
const KEY = '0f'.repeat(16);
const WANTED = { fingerprintKey: KEY, sha256: true };

describe('the digests of an output that is written out of order', () => {
  it.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]]])(
    'are those of the bytes in file order: %j',
    async (order) => {
      const digests = new OutputDigests(WANTED);
      await Promise.all(order.map((part) => digests.add(STARTS[part], PARTS[part])));
      const whole = Buffer.from('oneand two make three');
      expect(digests.finish(21)).toEqual({
        fingerprint: fingerprintUnder(KEY, whole),
        sha256: createHash('sha256').update(whole).digest('hex'),
      });
    },
  );

  it('keep bytes until those before them are there', async () => {
    const digests = new OutputDigests(WANTED);
    let isFree = false;
    const free = digests.add(3, PARTS[1]).then(() => {
      isFree = true;
    });
    await Promise.resolve();
    expect(isFree).toBe(false);
    await digests.add(0, PARTS[0]);
    await free;
    expect(isFree).toBe(true);
  });

  it('are none where bytes are missing', async () => {
    const digests = new OutputDigests(WANTED);
    await digests.add(0, PARTS[0]);
    expect(() => digests.finish(21)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('let everybody go when they are abandoned', async () => {
    const digests = new OutputDigests(WANTED);
    const waits = [digests.add(3, PARTS[1]), digests.add(10, PARTS[2])];
    digests.abandon();
    await Promise.all(waits);
    expect(() => digests.finish(21)).toThrow();
  });
});
