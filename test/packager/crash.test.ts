import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseSync } from '@photostructure/sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyStore } from '../../src/keystore/key-store.js';
import { openKeyStore } from '../../src/keystore/open.js';
import { storedKeyLookup } from '../../src/keystore/stored-keys.js';
import { decrypt } from '../../src/packager/decrypt.js';
import { encrypt } from '../../src/packager/encrypt.js';
import { inspect } from '../../src/packager/inspect.js';
import { runCli } from '../support/cli.js';
import { ROOT, sample, testMedia } from '../support/samples.js';
import { BY_SWEEPS, SWEEPS } from '../support/sweeps.js';

const INPUT = sample('bars.mp4');
const DYING = join(ROOT, 'test/support/dying-encrypt.mjs');
const BYSTANDER = join(ROOT, 'test/support/bystander-encrypt.mjs');

/** The steps of an encryption at which the process dies, and whether the output has its name by then. */
const ALL_STEPS: readonly (readonly [step: string, published: boolean])[] = [
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
/** Without sweeps, the steps around which the promise turns: a key before a name, and a name before the key is active. */
const SHORT = ['after register', 'before markActive'];
const STEPS = ALL_STEPS.filter(([step]) => SWEEPS || SHORT.includes(step));
const LEFT_OUT = ALL_STEPS.filter((step) => !STEPS.includes(step));

describe('an encryption killed, while other processes encrypt into the same key store,', () => {
  let directory: string;
  let folder: string;
  let storePath: string;
  let bystanders: Bystander[];
  let store: KeyStore;

  beforeAll(() => {
    directory = mkdtempSync(join(process.env.HOME!, 'crash-'));
    folder = join(directory, 'out');
    storePath = join(directory, 'keys.sqlite');
    mkdirSync(folder);
    store = openKeyStore({ location: `sqlite:${storePath}` });
    bystanders = [...['a', 'b'].map((name) => loop(name, folder, storePath)), commands(folder, storePath)];
  });
  afterAll(async () => {
    await Promise.all(bystanders.map((bystander) => bystander.stop()));
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  });

  it.skip.each(LEFT_OUT)(`at "%s" ${BY_SWEEPS}`, () => {});

  it.each(STEPS)(
    'at "%s": no published file without its key, and a rerun finishes',
    async (step, published) => {
      const output = join(folder, `${step}.mp4`);
      const contentId = `film, ${step}`;
      await untilEachHasMadeOne(bystanders);
      await expect(
        promisify(execFile)(process.execPath, [DYING, step, INPUT, output, storePath, contentId]),
      ).rejects.toMatchObject({ signal: 'SIGKILL' });
      expect(existsSync(output)).toBe(published);
      await expectRegistered(folder, storePath);
      const before = (await store.list({ contentId })).items.map(({ kid }) => kid);
      if (published) await expectDecryptable(output);

      const rerun = await encrypt({ input: INPUT, output, keyStore: store, contentId });
      expect(rerun.unchanged).toBe(published);
      expect(new Set(rerun.tracks.map(({ kid }) => kid)).size).toBe(1);
      const records = (await store.list({ contentId })).items;
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({ kid: rerun.tracks[0].kid, state: 'active' });
      if (before.length > 0) expect(records[0].kid).toBe(before[0]);
      await expectDecryptable(output);
    },
  );

  it('disturbs none of the others', async () => {
    const outputs = (await Promise.all(bystanders.map((bystander) => bystander.stop()))).flat();
    expect(outputs.length).toBeGreaterThan(3 * STEPS.length);
    await expectRegistered(folder, storePath);
    const contents = new Set(outputs.map((path) => basename(path, '.mp4')));
    const states = new Map<string, string>();
    for (const { content_id, state } of rowsOf(storePath)) {
      if (contents.has(content_id)) expect(states.has(content_id)).toBe(false); // one key a content
      states.set(content_id, state);
    }
    expect([...contents].filter((contentId) => states.get(contentId) !== 'active')).toEqual([]);
    // What is left beside the outputs is of the killed alone.
    const killed = STEPS.map(([step]) => `.${step}.mp4.`);
    const parts = readdirSync(folder).filter((name) => name.endsWith('.part'));
    expect(parts.filter((name) => !killed.some((start) => name.startsWith(start)))).toEqual([]);
  });

  async function expectDecryptable(path: string): Promise<void> {
    const clear = join(directory, 'clear.mp4');
    await decrypt({ input: path, output: clear, keys: storedKeyLookup(store), force: true });
    expect((await inspect(clear)).tracks.map(({ encrypted }) => encrypted)).toEqual([false, false]);
  }
});

interface Bystander {
  /** Outputs that are done. */
  readonly outputs: string[];
  /** Ends it after the output that it is at. @throws when it has failed at any time */
  readonly stop: () => Promise<string[]>;
}

/** A process that encrypts as fast as it can. */
function loop(name: string, folder: string, storePath: string): Bystander {
  const args = [BYSTANDER, name, testMedia('opus.mp4'), folder, storePath];
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const outputs: string[] = [];
  let rest = '';
  let stderr = '';
  child.stdout!.on('data', (data) => {
    const lines = `${rest}${data}`.split('\n');
    rest = lines.pop()!;
    outputs.push(...lines);
  });
  child.stderr!.on('data', (data) => {
    stderr += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  return {
    outputs,
    stop: async () => {
      child.stdin!.end();
      expect({ exitCode: await ended, stderr }).toEqual({ exitCode: 0, stderr: '' });
      return outputs;
    },
  };
}

/** One `prpack encrypt` after another. */
function commands(folder: string, storePath: string): Bystander {
  const outputs: string[] = [];
  let isWanted = true;
  const work = async () => {
    for (let i = 0; isWanted; i++) {
      const output = join(folder, `command ${i}.mp4`);
      const content = ['--content-id', `command ${i}`];
      const args = [
        'encrypt',
        testMedia('opus.mp4'),
        output,
        ...content,
        '--key-store',
        `sqlite:${storePath}`,
      ];
      const { exitCode, stderr } = await runCli(args);
      if (exitCode !== 0) throw new Error(`prpack encrypt: exit ${exitCode}\n${stderr}`);
      outputs.push(output);
    }
    return outputs;
  };
  const done = work();
  done.catch(() => {}); // `stop` tells
  return {
    outputs,
    stop: () => {
      isWanted = false;
      return done;
    },
  };
}

/** Whoever is killed now is killed while all of the others are at work. */
async function untilEachHasMadeOne(bystanders: readonly Bystander[]): Promise<void> {
  const before = bystanders.map(({ outputs }) => outputs.length);
  await expect
    .poll(() => bystanders.every(({ outputs }, i) => outputs.length > before[i]!), { timeout: 20_000 })
    .toBe(true);
}

interface Row {
  readonly kid: string;
  readonly content_id: string;
  readonly state: string;
  readonly created_at: string;
}

/** The store from outside. */
function rowsOf(storePath: string): Row[] {
  const database = new DatabaseSync(storePath, { readOnly: true, timeout: 10_000 });
  try {
    return database.prepare('select kid, content_id, state, created_at from keys').all() as Row[];
  } finally {
    database.close();
  }
}

const proven = new Set<string>();

/** Every key of every published file was in the store before the file had its name. */
async function expectRegistered(folder: string, storePath: string): Promise<void> {
  const names = readdirSync(folder).filter((name) => !name.endsWith('.part') && !proven.has(name));
  const createdAt = new Map(rowsOf(storePath).map(({ kid, created_at }) => [kid, Date.parse(created_at)]));
  for (const name of names) {
    const path = join(folder, name);
    const publishedAt = statSync(path).ctimeMs;
    for (const { kid } of (await inspect(path)).tracks) {
      expect(createdAt.get(kid!), path).toBeLessThanOrEqual(publishedAt);
    }
    proven.add(name);
  }
}
