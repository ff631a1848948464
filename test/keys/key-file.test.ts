import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PrpackError } from '../../src/errors.js';
import { parseKeyFile, readKeyFile } from '../../src/keys/key-file.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import type { TrackKeyRequest } from '../../src/keys/key-source.js';
import { scratchDirectories } from './scratch.js';

const scratch = scratchDirectories();

const KIDS = [1, 2, 3, 4].map((n) => `10000000-1000-1000-1000-10000000000${n}`);
const KEYS = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32));
const VIDEO: TrackKeyRequest = { trackId: 1, type: 'video', label: 'HD' };
const AUDIO: TrackKeyRequest = { trackId: 2, type: 'audio' };

const WRONG_RECORDS = [
  { state: 'gone' },
  { outputs: [{}] },
  { outputs: [{ fingerprint: 'ab' }] },
  { outputs: [{ sha256: 'ab' }] },
  { outputs: [{ fingerprint: 'ab'.repeat(32), sha256: 'ab'.repeat(32) }] },
  { outputs: [{ fingerprint: 'ab'.repeat(32), path: 'out.mp4' }] },
  { outputs: {} },
];

function entry(n: number, more: object = {}) {
  return { kid: KIDS[n], key: KEYS[n], ...more };
}

function file(...entries: unknown[]) {
  return parseKeyFile(JSON.stringify({ keys: entries }), 'keys.json');
}

async function kidsFor(keys: ReturnType<typeof file>, ...requests: TrackKeyRequest[]) {
  return (await keys.assign(requests)).map(({ kid }) => KIDS.indexOf(kid));
}

function failure(run: () => unknown): PrpackError {
  try {
    run();
  } catch (error) {
    if (error instanceof PrpackError) return error;
    throw error;
  }
  return expect.unreachable();
}

describe('KeyFile', () => {
  it('prefers the track id, then the label, then the type, then the entry for all', async () => {
    const all = [entry(0), entry(1, { label: 'video' }), entry(2, { label: 'HD' }), entry(3, { trackId: 1 })];
    expect(await kidsFor(file(...all), VIDEO, AUDIO)).toEqual([3, 0]);
    expect(await kidsFor(file(...all.slice(0, 3)), VIDEO, AUDIO)).toEqual([2, 0]);
    expect(await kidsFor(file(...all.slice(0, 2)), VIDEO, AUDIO)).toEqual([1, 0]);
    expect(await kidsFor(file(...all.slice(0, 1)), VIDEO, AUDIO)).toEqual([0, 0]);
  });

  it('gives no key of the other algorithm for encryption, and gives it for decryption', async () => {
    const cbc = file(entry(0, { algorithm: 'AESCBC', label: 'video' }), entry(1, { algorithm: 'AESCTR' }));
    await expect(cbc.assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      message: expect.stringMatching(new RegExp(`KID ${KIDS[0]} is for AESCBC.*AESCTR`)),
    });
    expect(await kidsFor(cbc, AUDIO)).toEqual([1]);
    expect((await cbc.find(parseKeyId(KIDS[0])))?.revealHex()).toBe(KEYS[0]);
  });

  it('takes the entry for the scheme of the track', async () => {
    const both = file(entry(0), entry(1, { algorithm: 'AESCBC' }));
    expect(await kidsFor(both, VIDEO, { ...VIDEO, scheme: 'cbcs' }, { ...VIDEO, scheme: 'cens' })).toEqual([
      0, 1, 0,
    ]);
    expect(await both.assign([{ ...VIDEO, scheme: 'cbc1' }])).toMatchObject([{ algorithm: 'AESCBC' }]);
    await expect(file(entry(0)).assign([{ ...VIDEO, scheme: 'cbcs' }])).rejects.toMatchObject({
      code: 'KEY_CONFLICT',
      details: { expected: 'AESCBC', remedy: expect.stringContaining('"algorithm": "AESCBC"') },
    });
  });

  it('has keys of crypto periods where entries say so, and for those periods only', async () => {
    const of = (index: number) => ({
      ...VIDEO,
      period: { index, startSeconds: index * 4, durationSeconds: 4 },
    });
    const rotating = file(entry(0, { period: 0 }), entry(1, { period: 1 }), entry(2));
    expect([rotating.canRotate, file(entry(0)).canRotate]).toEqual([true, false]);
    expect(await kidsFor(rotating, of(1), of(0), VIDEO)).toEqual([1, 0, 2]);
    await expect(rotating.assign([of(2)])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      message: expect.stringContaining('in crypto period 2'),
    });
  });

  it('refuses a KID with two algorithms, of which AESCTR is the one not named', () => {
    const entries = [entry(0, { trackId: 1 }), entry(0, { trackId: 2, algorithm: 'AESCBC' })];
    expect(failure(() => file(...entries))).toMatchObject({
      code: 'KEY_CONFLICT',
      message: `keys.json: entries 0 and 1 give KID ${KIDS[0]} two algorithms, AESCTR and AESCBC`,
    });
    expect(() => file(entry(0), entry(0, { algorithm: 'AESCTR' }))).not.toThrow();
  });

  it('tells key, label and source of what it assigns', async () => {
    const [assigned] = await file(entry(0, { label: 'video' })).assign([VIDEO]);
    expect(assigned).toMatchObject({ trackId: 1, kid: KIDS[0], label: 'video', source: 'file' });
    expect(assigned!.key.revealHex()).toBe(KEYS[0]);
  });

  it('gives no revoked key to encrypt with, but finds it for decryption', async () => {
    const keys = file(entry(0, { label: 'video', state: 'revoked' }), entry(1, { state: 'active' }));
    expect(await kidsFor(keys, VIDEO)).toEqual([1]);
    expect((await keys.find(parseKeyId(KIDS[0]!)))!.revealHex()).toBe(KEYS[0]);
    await expect(file(entry(0, { state: 'revoked' })).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
    });
  });

  it('is a list alone, too', async () => {
    expect(await kidsFor(parseKeyFile(JSON.stringify([entry(0)]), 'k'), AUDIO)).toEqual([0]);
  });

  it('wants a key for every track', async () => {
    await expect(file(entry(0, { label: 'video' })).assign([VIDEO, AUDIO])).rejects.toMatchObject({
      code: 'KEY_REQUIRED',
      message: 'keys.json: no key for audio track 2',
    });
  });

  it('does not guess between two keys', async () => {
    await expect(file(entry(0), entry(1)).assign([VIDEO])).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining('entries 0, 1'),
    });
  });

  it('finds any entry by KID, for decryption', async () => {
    const keys = file(entry(0), entry(1), entry(2, { trackId: 9 }));
    expect((await keys.find(parseKeyId(KIDS[2]!)))!.revealHex()).toBe(KEYS[2]);
    expect(await keys.find(parseKeyId(KIDS[3]!))).toBeUndefined();
  });

  it('takes one KID twice with the same key', async () => {
    expect(await kidsFor(file(entry(0, { trackId: 1 }), entry(0, { trackId: 2 })), VIDEO, AUDIO)).toEqual([
      0, 0,
    ]);
  });

  it('refuses one KID with two keys, however it is written', () => {
    const twice = [entry(0), { kid: KIDS[0]!.replaceAll('-', ''), key: KEYS[1] }];
    expect(failure(() => file(...twice))).toMatchObject({
      code: 'KEY_CONFLICT',
      message: expect.stringContaining(KIDS[0]!),
    });
  });
});

describe('parseKeyFile', () => {
  it.each<[string, unknown, string]>([
    ['a kid that is none', [entry(0), { kid: 'x', key: KEYS[0] }], 'entry 1: "kid"'],
    ['a missing kid', [{ key: KEYS[0] }], 'entry 0: "kid"'],
    ['a missing key', [{ kid: KIDS[0] }], 'entry 0: "key"'],
    ['a key that is a number', [{ kid: KIDS[0], key: 12 }], 'entry 0: "key"'],
    ['a short key', [{ kid: KIDS[0], key: KEYS[0]!.slice(1) }], 'entry 0: "key"'],
    ['track 0', [entry(0, { trackId: 0 })], 'entry 0: "trackId"'],
    ['half a track', [entry(0, { trackId: 1.5 })], 'entry 0: "trackId"'],
    ['half a period', [entry(0, { period: 0.5 })], 'entry 0: "period"'],
    ['a period before the first', [entry(0, { period: -1 })], 'entry 0: "period"'],
    ['an empty label', [entry(0, { label: '' })], 'entry 0: "label"'],
    ['an unknown field', [entry(0, { lable: 'video' })], 'entry 0 has a field other than'],
    ['a checksum of another key', [entry(0, { checksum: 'AAAAAAAAAAA=' })], 'entry 0: "checksum"'],
    ['an entry that is no object', [[KIDS[0], KEYS[0]]], 'entry 0 is not an object'],
    ['no entries', [], 'empty'],
    ['another shape', 'keys', 'no list'],
    ['null', null, 'no list'],
    ['another field at the top', { keys: [entry(0)], version: 1 }, 'other fields'],
  ])('refuses %s and says where', (_name, content, message) => {
    expect(failure(() => parseKeyFile(JSON.stringify(content), 'keys.json'))).toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining(message),
      details: { path: 'keys.json', remedy: expect.any(String) },
    });
  });

  it.each([
    ['a key before the mistake', `[{"kid": "${KIDS[0]}", "key": "${KEYS[0]}"`],
    ['a key as the mistake', `[{"kid": "${KIDS[0]}", "key": ${KEYS[0]}}]`],
    ['a key as a KID', JSON.stringify([{ kid: `${KEYS[0]}0`, key: KEYS[0] }])],
    ['a key as a field', JSON.stringify([{ [KEYS[0]!]: KIDS[0] }])],
    ['a key that is too long', JSON.stringify([{ kid: KIDS[0], key: `${KEYS[0]}0` }])],
  ])('never repeats %s', (_name, text) => {
    const error = failure(() => parseKeyFile(text, 'keys.json'));
    const told = `${inspect(error, { depth: 9 })}${JSON.stringify(error)}${inspect(error.cause)}`;
    expect(told).not.toContain(KEYS[0]!.slice(0, 8));
  });
});

describe('readKeyFile', () => {
  it('reads a file', async () => {
    const path = join(scratch(), 'keys.json');
    writeFileSync(path, JSON.stringify({ keys: [entry(0)] }));
    expect(await kidsFor(await readKeyFile(path), VIDEO)).toEqual([0]);
  });

  it('names a file that is not there', async () => {
    const path = join(scratch(), 'none.json');
    await expect(readKeyFile(path)).rejects.toMatchObject({ code: 'KEY_SOURCE_FAILED', details: { path } });
  });

  it('takes what a key store is to know of a key', () => {
    const described = {
      contentId: 'film-7',
      algorithm: 'AESCBC',
      source: 'random',
      laUrl: 'https://drm.example/la',
      policy: { persist: true },
      seedId: 'a1',
      state: 'active',
      outputs: [{ fingerprint: 'ab'.repeat(32), madeFrom: 'x' }, { fingerprint: 'cd'.repeat(32) }],
      kekId: 'b2',
      createdAt: '2026-01-02T03:04:05.000Z',
      updatedAt: '2026-01-02T03:04:06.000Z',
    };
    const text = JSON.stringify([{ kid: '1'.repeat(32), key: '2'.repeat(32), ...described }]);
    expect(parseKeyFile(text, 'keys.json').entries).toMatchObject([described]);
    for (const wrong of [
      { contentId: '' },
      { algorithm: 'AES' },
      { laUrl: 7 },
      { policy: [] },
      ...WRONG_RECORDS,
    ]) {
      const bad = JSON.stringify([{ kid: '1'.repeat(32), key: '2'.repeat(32), ...wrong }]);
      const [name] = Object.keys(wrong);
      expect(() => parseKeyFile(bad, 'keys.json')).toThrowError(`keys.json: entry 0: "${name}" is not`);
    }
  });

  it('takes the SHA-256 of published files, which files of before have, for their fingerprints', () => {
    const outputs = [{ sha256: 'ab'.repeat(32), madeFrom: 'x' }, { sha256: 'cd'.repeat(32) }];
    const { entries } = file(entry(0, { outputs }));
    expect(entries[0].outputs).toEqual([
      { fingerprint: 'ab'.repeat(32), madeFrom: 'x' },
      { fingerprint: 'cd'.repeat(32) },
    ]);
  });
});
