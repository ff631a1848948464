import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ContentKey } from '../../src/keys/content-key.js';
import { readKeyFile } from '../../src/keys/key-file.js';
import { newKeyId } from '../../src/keys/key-id.js';
import type { AssignedKey, TrackKeyRequest } from '../../src/keys/key-source.js';
import { writeKeysOut } from '../../src/keys/keys-out.js';
import { randomKeySource } from '../../src/keys/random.js';
import { scratchDirectories } from './scratch.js';

const scratch = scratchDirectories();
const TRACKS: TrackKeyRequest[] = [
  { trackId: 1, type: 'video' },
  { trackId: 2, type: 'audio' },
];

describe('writeKeysOut', () => {
  it('says algorithm and crypto period where they are not the usual ones, and is read back', async () => {
    const path = join(scratch(), 'keys.json');
    const source = randomKeySource();
    const periods = [0, 1].map((index) => ({ index, startSeconds: index, durationSeconds: 1 }));
    const asked = periods.map((period) =>
      TRACKS.map((track) => ({ ...track, period, scheme: 'cbcs' as const })),
    );
    const assigned = [await source.assign(asked[0]!), await source.assign(asked[1]!)];
    await writeKeysOut(path, assigned.flat());
    const file = await readKeyFile(path);
    expect(file.entries).toMatchObject([
      { period: 0, algorithm: 'AESCBC', kid: assigned[0]![0]!.kid },
      { period: 1, algorithm: 'AESCBC', kid: assigned[1]![0]!.kid },
    ]);
    expect((await file.assign(asked[1]!)).map(({ kid }) => kid)).toEqual(assigned[1]!.map(({ kid }) => kid));
  });

  it('writes one shared key as an entry for all tracks', async () => {
    const path = join(scratch(), 'keys.json');
    const [assigned] = await randomKeySource().assign(TRACKS);
    await writeKeysOut(path, [assigned!, { ...assigned!, trackId: 2 }]);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      keys: [{ kid: assigned!.kid, key: assigned!.key.revealHex() }],
    });
  });

  it('writes what readKeyFile assigns to the same tracks again', async () => {
    const path = join(scratch(), 'keys.json');
    const assigned: AssignedKey[] = TRACKS.map(({ trackId, type }) => ({
      trackId,
      kid: newKeyId(),
      key: ContentKey.random(),
      label: type,
      source: 'random',
    }));
    await writeKeysOut(path, assigned);
    const again = await (await readKeyFile(path)).assign(TRACKS);
    const facts = (keys: AssignedKey[]) => keys.map((k) => [k.trackId, k.kid, k.key.revealHex(), k.label]);
    expect(facts(again)).toEqual(facts(assigned));
  });

  it.skipIf(process.platform === 'win32')('is readable by its owner only, whatever the umask', async () => {
    const path = join(scratch(), 'keys.json');
    await writeKeysOut(path, await randomKeySource().assign(TRACKS));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('never writes over a file', async () => {
    const path = join(scratch(), 'keys.json');
    writeFileSync(path, 'precious');
    await expect(writeKeysOut(path, await randomKeySource().assign(TRACKS))).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      details: { path, remedy: expect.stringContaining('readKeyFile(') },
    });
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('says so when the directory is missing', async () => {
    const directory = scratch();
    const path = join(directory, 'none', 'keys.json');
    await expect(writeKeysOut(path, await randomKeySource().assign(TRACKS))).rejects.toMatchObject({
      code: 'OUTPUT_FAILED',
      details: { path },
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});
