import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';

const HEX = 'b42ca3172ee4e69bf51848a59db9cd13';
const BYTES = Uint8Array.from([
  0xb4, 0x2c, 0xa3, 0x17, 0x2e, 0xe4, 0xe6, 0x9b, 0xf5, 0x18, 0x48, 0xa5, 0x9d, 0xb9, 0xcd, 0x13,
]);

describe('ContentKey', () => {
  it('is made from hexadecimal digits and bytes', () => {
    expect(ContentKey.fromHex(HEX.toUpperCase()).revealBytes()).toEqual(BYTES);
    expect(ContentKey.fromBytes(BYTES).revealHex()).toBe(HEX);
  });

  it.each([
    ['String', (key: ContentKey) => String(key)],
    ['template', (key: ContentKey) => `${key}`],
    ['JSON', (key: ContentKey) => JSON.parse(JSON.stringify({ key })).key],
    ['inspect', (key: ContentKey) => inspect(key, { showHidden: true, depth: 9 })],
    ['nested inspect', (key: ContentKey) => inspect({ a: [key] }).match(/\[redacted\]/)![0]],
  ])('prints [redacted] as %s', (_name, print) => {
    expect(print(ContentKey.fromHex(HEX))).toBe('[redacted]');
  });

  it('loses its bytes in structured clones, spreads and enumerations', () => {
    const key = ContentKey.fromHex(HEX);
    expect(structuredClone(key)).toEqual({});
    expect({ ...key }).toEqual({});
    expect(Reflect.ownKeys(key)).toEqual([]);
  });

  it('does not share memory with its maker or its reader', () => {
    const source = BYTES.slice();
    const key = ContentKey.fromBytes(source);
    source.fill(0);
    key.revealBytes().fill(0);
    expect(key.revealHex()).toBe(HEX);
  });

  it('compares by value', () => {
    const key = ContentKey.fromHex(HEX);
    expect(key.equals(ContentKey.fromBytes(BYTES))).toBe(true);
    expect(key.equals(ContentKey.fromHex(`${HEX.slice(0, 31)}4`))).toBe(false);
  });

  it.each([HEX.slice(2), `${HEX}00`, `0x${HEX.slice(2)}`, `${HEX.slice(0, 31)}g`, ` ${HEX}`, ''])(
    'refuses "%s" without repeating it',
    (text) => {
      try {
        ContentKey.fromHex(text);
        expect.unreachable();
      } catch (error) {
        expect(error).toMatchObject({ code: 'KEY_INVALID' });
        if (text) expect(`${error}${JSON.stringify(error)}`).not.toContain(text);
      }
    },
  );

  it.each([0, 15, 17, 32])('refuses %d bytes', (length) => {
    expect(() => ContentKey.fromBytes(new Uint8Array(length))).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });

  it('makes random keys that differ', () => {
    const keys = new Set(Array.from({ length: 100 }, () => ContentKey.random().revealHex()));
    expect(keys.size).toBe(100);
  });
});
