import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { packKeys, unpackKeys } from '../../src/keys/sent-keys.js';

const KEY = '3a2a1b68dd2bd9b2eeb25e84c4776668';

/** What another thread receives. */
async function throughChannel<T>(message: T): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(message);
  const [received] = await once(port2, 'message');
  port1.close();
  return received as T;
}

describe('keys on their way between threads', () => {
  it('arrive as they were, wherever they stand', async () => {
    const sent = [
      [{ kid: 'k', key: ContentKey.fromHex(KEY), policy: { a: [1, null], contentKey: { a: 1 } } }],
      'text',
      undefined,
    ];
    const packed = packKeys(sent);
    const received = await throughChannel(packed);
    const [[{ key, ...rest }], ...others] = unpackKeys(received) as typeof sent & [[{ key: ContentKey }]];
    expect(key.equals(ContentKey.fromHex(KEY))).toBe(true);
    expect([rest, ...others]).toEqual([
      { kid: 'k', policy: { a: [1, null], contentKey: { a: 1 } } },
      'text',
      undefined,
    ]);
  });

  it('go together in any number', async () => {
    const keys = Array.from({ length: 100 }, () => ContentKey.random());
    const received = unpackKeys(await throughChannel(packKeys({ keys }))) as { keys: ContentKey[] };
    expect(received.keys.map((key, i) => key.equals(keys[i]))).toEqual(keys.map(() => true));
  });

  it('leave what has none as it is', () => {
    const value = { policy: { a: [1, { b: null }] } };
    expect(packKeys(value)).toBe(value);
  });

  it('leave no copy behind on either side', async () => {
    const packed = packKeys({ key: ContentKey.fromHex(KEY) }) as { key: { contentKey: Uint8Array } };
    const received = await throughChannel(packed);
    expect([...received.key.contentKey]).toEqual([...Buffer.from(KEY, 'hex')]);
    unpackKeys(received);
    for (const { key } of [packed, received]) expect([...key.contentKey]).toEqual(new Array(16).fill(0));
  });
});
