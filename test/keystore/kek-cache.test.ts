import { describe, expect, it } from 'vitest';
import { cachedKekSource } from '../../src/keystore/kek-cache.js';
import { KeyEncryptionKey } from '../../src/keystore/key-wrap.js';

const [ONE, TWO] = [KeyEncryptionKey.random(), KeyEncryptionKey.random()];

/** A source over KEKs that come and go, a clock that stands still, and what was asked for. */
function sourceOf(...keks: KeyEncryptionKey[]) {
  const present = new Set(keks);
  const asked: (string | undefined)[] = [];
  const clock = { nowMs: 0 };
  const load = async (id?: string) => {
    asked.push(id);
    return [...present].find((kek) => kek.id === id) ?? [...present][0];
  };
  return { present, asked, clock, source: cachedKekSource({ name: 'test', load }, () => clock.nowMs) };
}

describe('cachedKekSource', () => {
  it('asks for the KEK of an id once a second', async () => {
    const { source, asked, clock } = sourceOf(ONE, TWO);
    for (const nowMs of [0, 999, 1000]) {
      clock.nowMs = nowMs;
      expect(await source.load(ONE.id)).toBe(ONE);
      expect(await source.load(TWO.id)).toBe(TWO);
    }
    expect(asked).toEqual([ONE.id, TWO.id, ONE.id, TWO.id]);
  });

  it('finds that a KEK was taken away after a second', async () => {
    const { source, present, clock } = sourceOf(ONE);
    await source.load(ONE.id);
    present.clear();
    clock.nowMs = 1000;
    expect(await source.load(ONE.id)).toBeUndefined();
  });

  it('keeps nothing but the KEK that was wanted', async () => {
    const { source, present, asked } = sourceOf(ONE);
    expect(await source.load()).toBe(ONE);
    expect(await source.load(TWO.id)).toBe(ONE);
    present.add(TWO);
    expect(await source.load(TWO.id)).toBe(TWO);
    expect(await source.load()).toBe(ONE);
    expect(asked).toEqual([undefined, TWO.id, TWO.id, undefined]);
  });
});
