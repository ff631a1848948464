import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newKeyId, parseKeyId } from '../../src/keys/key-id.js';

describe('parseKeyId', () => {
  // The KID of Microsoft's PlayReady header documentation.
  const kid = 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6';

  it.each([kid, kid.toUpperCase(), kid.replaceAll('-', ''), 'F81D4fae7dec11d0a76500a0c91e6bf6'])(
    'makes %s lower case and dashed',
    (text) => expect(parseKeyId(text)).toBe(kid),
  );

  it('takes any 128 bits, not only RFC 9562 UUIDs', () => {
    expect(parseKeyId('f'.repeat(32))).toBe('ffffffff-ffff-ffff-ffff-ffffffffffff');
  });

  it.each(['', 'x', kid.slice(1), `${kid}0`, `{${kid}}`, 'f81d4fae-7dec11d0-a765-00a0c91e6bf6', ` ${kid}`])(
    'refuses "%s"',
    (text) => expect(() => parseKeyId(text)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' })),
  );

  it('does not repeat what was pasted in place of a KID', () => {
    const secret = 'tCyjFy7k5pv1GEilnbnNEw==';
    try {
      parseKeyId(secret);
      expect.unreachable();
    } catch (error) {
      expect(`${error}${JSON.stringify(error)}`).not.toContain(secret);
    }
  });

  it('is idempotent on what it makes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const made = parseKeyId(Buffer.from(bytes).toString('hex'));
        expect(parseKeyId(made)).toBe(made);
        expect(made.replaceAll('-', '')).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });
});

describe('newKeyId', () => {
  it('makes version 4 UUIDs that differ', () => {
    const made = Array.from({ length: 100 }, newKeyId);
    expect(new Set(made).size).toBe(100);
    for (const kid of made) {
      expect(kid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(parseKeyId(kid)).toBe(kid);
    }
  });
});
