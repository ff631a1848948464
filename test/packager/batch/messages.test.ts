import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../../src/keys/content-key.js';
import { memoryOfKeys, packKeys, unpackKeys } from '../../../src/packager/batch/messages.js';

const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';

describe('keys on their way between threads', () => {
  it('arrive as they were, wherever they stand', () => {
    const sent = [[{ kid: 'k', key: ContentKey.fromHex(KEY), policy: { a: [1, null] } }], 'text', undefined];
    const packed = packKeys(sent);
    const received = structuredClone(packed, { transfer: memoryOfKeys(packed) });
    const [[{ key, ...rest }], ...others] = unpackKeys(received) as typeof sent & [[{ key: ContentKey }]];
    expect(key.equals(ContentKey.fromHex(KEY))).toBe(true);
    expect([rest, ...others]).toEqual([{ kid: 'k', policy: { a: [1, null] } }, 'text', undefined]);
  });

  it('leave no copy behind on either side', () => {
    const packed = packKeys({ key: ContentKey.fromHex(KEY) }) as { key: { contentKey: Uint8Array } };
    const received = structuredClone(packed, { transfer: memoryOfKeys(packed) });
    expect(packed.key.contentKey.length).toBe(0);
    unpackKeys(received);
    expect([...received.key.contentKey]).toEqual(new Array(16).fill(0));
  });
});
