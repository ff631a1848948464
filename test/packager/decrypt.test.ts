import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenKeyTexts } from '../../src/keys/given.js';
import { decrypt } from '../../src/packager/decrypt.js';
import { encrypt } from '../../src/packager/encrypt.js';
import { sample } from '../support/samples.js';

const KID = '10000000-1000-1000-1000-100000000001';
const KEY = '00112233445566778899aabbccddeeff';
const right = givenKeyTexts(KID, KEY);
const wrong = givenKeyTexts(KID, `${KEY.slice(0, -1)}0`);

describe('the key of a file to decrypt', () => {
  let directory: string;
  let output: string;

  beforeAll(() => {
    directory = mkdtempSync(join(process.env.HOME!, 'decrypt-'));
    output = join(directory, 'clear.mp4');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function encrypted(name: string, systems: readonly ('playready' | 'common')[]): Promise<string> {
    const path = join(directory, name);
    await encrypt({ input: sample('bars.mp4'), output: path, keys: right, systems });
    return path;
  }

  it('is held to the checksum in the PlayReady header', async () => {
    const input = await encrypted('playready.mp4', ['playready']);
    await expect(decrypt({ input, output, keys: wrong })).rejects.toMatchObject({ code: 'KEY_INVALID' });
    expect(existsSync(output)).toBe(false);
    expect((await decrypt({ input, output, keys: right })).warnings).toEqual([]);
  });

  it('is taken with a warning where no checksum is', async () => {
    const input = await encrypted('common.mp4', ['common']);
    const { warnings } = await decrypt({ input, output, keys: right, force: true });
    expect(warnings).toEqual([expect.stringContaining(KID)]);
  });
});
