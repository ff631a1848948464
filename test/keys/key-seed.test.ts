import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { keyChecksum } from '../../src/keys/checksum.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import { KeySeed, keySeedSource, readKeySeedFile } from '../../src/keys/key-seed.js';
import { scratchDirectories } from './scratch.js';

const scratch = scratchDirectories();

// Microsoft's public test seed, and keys and checksums of its PlayReady documentation.
const SEED = 'XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I';
const SEED_HEX = Buffer.from(SEED, 'base64').toString('hex');
const KNOWN = [
  ['09e36702-8f33-436c-a5dd-60ffe6671e70', 'b42ca3172ee4e69bf51848a59db9cd13', 'BGw1aYZ1YXM='],
  ['a2c786d0-f9ef-4cb3-b333-cd323a4284a5', '4edb7704cdbf03617f4800bd878a6df2', 'xNvWVxoWk04='],
] as const;
const TRACKS = [
  { trackId: 1, type: 'video' },
  { trackId: 2, type: 'audio' },
] as const;

describe('KeySeed', () => {
  it.each(KNOWN)('derives the key of %s', (kid, key, checksum) => {
    const derived = KeySeed.parse(SEED).contentKey(parseKeyId(kid));
    expect(derived.revealHex()).toBe(key);
    expect(keyChecksum(parseKeyId(kid), derived)).toBe(checksum);
  });

  it('reads base64 and hexadecimal, of which the first 30 bytes count', () => {
    const id = KeySeed.parse(SEED).id;
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(KeySeed.parse(SEED_HEX.toUpperCase()).id).toBe(id);
    expect(KeySeed.parse(`${SEED_HEX}ffff`).id).toBe(id);
    expect(KeySeed.parse(`00${SEED_HEX}`).id).not.toBe(id);
  });

  it.each([
    SEED.slice(4),
    SEED_HEX.slice(2).replace(/.$/, 'x'),
    '',
    'not a seed, whatever it is in the end, no no',
  ])('refuses "%s" without repeating it', (text) => {
    try {
      KeySeed.parse(text, 'seed.txt');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'KEY_INVALID', message: expect.stringContaining('seed.txt') });
      if (text) expect(inspect(error, { depth: 9 })).not.toContain(text);
    }
  });

  it('prints [redacted]', () => {
    const seed = KeySeed.parse(SEED);
    expect([`${seed}`, JSON.stringify(seed), inspect(seed)]).toEqual([
      '[redacted]',
      '"[redacted]"',
      '[redacted]',
    ]);
  });
});

describe('keySeedSource', () => {
  it('assigns the key of the given KID to all tracks and names the seed', async () => {
    const seed = KeySeed.parse(SEED);
    const assigned = await keySeedSource(seed, parseKeyId(KNOWN[0][0])).assign(TRACKS);
    expect(assigned.map(({ key, ...rest }) => ({ ...rest, key: key.revealHex() }))).toEqual(
      TRACKS.map(({ trackId }) => ({
        trackId,
        algorithm: 'AESCTR',
        kid: KNOWN[0][0],
        key: KNOWN[0][1],
        source: 'seed',
        seedId: seed.id,
      })),
    );
  });

  it('makes a new KID for every call when none is given, and finds its key again', async () => {
    const source = keySeedSource(KeySeed.parse(SEED));
    const [one] = await source.assign(TRACKS);
    const [two] = await source.assign(TRACKS);
    expect(one!.kid).not.toBe(two!.kid);
    expect((await source.find(one!.kid))!.equals(one!.key)).toBe(true);
  });
});

describe('readKeySeedFile', () => {
  it('reads a seed with a line end', async () => {
    const path = join(scratch(), 'seed');
    writeFileSync(path, `${SEED}\n`, { mode: 0o600 });
    expect((await readKeySeedFile(path)).id).toBe(KeySeed.parse(SEED).id);
  });

  it.skipIf(process.platform === 'win32')('refuses a file that others can use', async () => {
    const path = join(scratch(), 'seed');
    writeFileSync(path, SEED);
    for (const mode of [0o644, 0o640, 0o602]) {
      chmodSync(path, mode);
      await expect(readKeySeedFile(path)).rejects.toMatchObject({
        code: 'KEY_INVALID',
        details: {
          path,
          received: `mode 0${mode.toString(8)}`,
          remedy: expect.stringContaining('chmod 600'),
        },
      });
    }
  });

  it('names a file that is not there', async () => {
    const path = join(scratch(), 'none');
    await expect(readKeySeedFile(path)).rejects.toMatchObject({
      code: 'KEY_SOURCE_FAILED',
      details: { path },
    });
  });
});
