import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKeyStore } from '../../src/keystore/open.js';
import { storedKeyLookup } from '../../src/keystore/stored-keys.js';
import { decrypt } from '../../src/packager/decrypt.js';
import { encrypt } from '../../src/packager/encrypt.js';
import { inspect } from '../../src/packager/inspect.js';
import { ROOT, sample } from '../support/samples.js';

const INPUT = sample('bars.mp4');
const SCRIPT = join(ROOT, 'test/support/dying-encrypt.mjs');

/** The steps of an encryption at which the process dies, and whether the output has its name by then. */
const STEPS: readonly (readonly [step: string, published: boolean])[] = [
  ['before findByContentId', false],
  ['after findByContentId', false],
  ['plan', false],
  ['before register', false],
  ['after register', false],
  ['write', false],
  ['check', false],
  ['before markActive', true],
  ['after markActive', true],
  ['done', true],
];

describe('an encryption killed', () => {
  let directory: string;
  let output: string;
  let storePath: string;

  beforeEach(() => {
    directory = mkdtempSync(join(process.env.HOME!, 'crash-'));
    output = join(directory, 'out.mp4');
    storePath = join(directory, 'keys.sqlite');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it.each(STEPS)(
    'at "%s": no published file without its key, and a rerun finishes',
    async (step, published) => {
      await expect(
        promisify(execFile)(process.execPath, [SCRIPT, step, INPUT, output, storePath]),
      ).rejects.toMatchObject({
        signal: 'SIGKILL',
      });
      expect(existsSync(output)).toBe(published);

      const store = openKeyStore({ location: `sqlite:${storePath}` });
      try {
        const before = (await store.list()).items.map(({ kid }) => kid);
        if (published) await expectDecryptable(output, store);

        const rerun = await encrypt({ input: INPUT, output, keyStore: store, contentId: 'film' });
        expect(rerun.unchanged).toBe(published);
        expect(new Set(rerun.tracks.map(({ kid }) => kid)).size).toBe(1);
        const records = (await store.list()).items;
        expect(records).toHaveLength(1);
        expect(records[0]).toMatchObject({ kid: rerun.tracks[0].kid, state: 'active', contentId: 'film' });
        if (before.length > 0) expect(records[0].kid).toBe(before[0]);
        await expectDecryptable(output, store);
      } finally {
        await store.close();
      }
    },
  );

  async function expectDecryptable(path: string, store: ReturnType<typeof openKeyStore>): Promise<void> {
    const clear = join(directory, 'clear.mp4');
    await decrypt({ input: path, output: clear, keys: storedKeyLookup(store), force: true });
    expect((await inspect(clear)).tracks.map(({ encrypted }) => encrypted)).toEqual([false, false]);
  }
});
