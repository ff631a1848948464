import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { networkOf, RateLimit } from '../../src/server/rate-limit.js';

const from = (remoteAddress: string) => ({ remoteAddress }) as Socket;

describe('the rate limit', () => {
  it('counts the requests of an address over all of its connections, second by second', () => {
    const limit = new RateLimit(2);
    const admitted = (nowMs: number) => [1, 2, 3].map(() => limit.admits(from('192.0.2.1'), nowMs));
    expect(admitted(0)).toEqual([true, true, false]);
    expect(limit.admits(from('192.0.2.2'), 999)).toBe(true);
    expect(admitted(999)).toEqual([false, false, false]);
    expect(admitted(1000)).toEqual([true, true, false]);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8::3:4:5', '2001:db8:0:0'],
    ['2001:db8:1::', '2001:db8:1:0'],
    ['1::3:4:5:6:7:8', '1:0:3:4'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['', ''],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
