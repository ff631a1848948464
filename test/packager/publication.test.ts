import { describe, expect, it } from 'vitest';
import type { Publishable } from '../../src/bytes/sink.js';
import { ContentKey } from '../../src/keys/content-key.js';
import { parseKeyId } from '../../src/keys/key-id.js';
import type { PackagerKeyStore } from '../../src/keystore/key-store.js';
import { ContentHasKey } from '../../src/keystore/registration-rules.js';
import { Clock } from '../../src/packager/job.js';
import { type PackagingSteps, packageContent } from '../../src/packager/publication.js';
import type { EncryptOptions } from '../../src/packager/types.js';

const KID = parseKeyId('10000000-1000-1000-1000-100000000001');
const KEY = {
  trackId: 1,
  kid: KID,
  key: ContentKey.fromHex('00112233445566778899aabbccddeeff'),
  source: 'random',
};
const FINGERPRINT = 'ab'.repeat(32);

/** Everything that happens, in order. What is named in `failing` throws, the first time. */
function rehearsal({ isStaged = true, failing = '', existing = false } = {}) {
  const events: string[] = [];
  let left = failing;
  const happen = (event: string) => {
    events.push(event);
    if (event !== left) return;
    left = '';
    throw event === 'register' ? new ContentHasKey(KID) : new Error(event);
  };
  const output: Publishable = {
    path: 'film.mp4',
    isStaged,
    assertRoom: () => happen('room'),
    flush: () => happen('flush'),
    commit: () => happen('commit'),
    abort: () => void events.push('abort'),
  };
  const keyStore = {
    location: 'memory',
    register: async () => {
      happen('register');
      return [];
    },
    markActive: async (_: unknown, { fingerprint }: { fingerprint: string }) =>
      happen(`active ${fingerprint === FINGERPRINT}`),
    findByContentId: async () => [],
  } as PackagerKeyStore;
  const outputs = [{ keys: [KEY], fingerprint: FINGERPRINT }];
  const plan = { plan: { sizeBytes: 1 }, warnings: [] };
  const job = { keys: [KEY], contentId: 'film' };
  const does = <T>(event: string, value: T) => {
    happen(event);
    return value;
  };
  const steps: PackagingSteps<typeof job, typeof plan, Publishable> = {
    prepare: async () => does('prepare', job),
    findExisting: async () => does('look', existing ? { plan, outputs } : undefined),
    open: () => does('open', output),
    plan: async () => does('plan', plan),
    write: async () => does('write', outputs),
    check: async () => happen('check'),
  };
  const run = (options: Partial<EncryptOptions> = {}) =>
    packageContent(steps, { input: 'a', output: 'b', keyStore, ...options }, new Clock());
  return { events, run };
}

const BEGINNING = ['prepare', 'look', 'open', 'plan', 'room', 'register'];

describe('packageContent', () => {
  it('registers before it writes, checks before it publishes, and confirms last', async () => {
    const { events, run } = rehearsal();
    const { outputs, unchanged } = await run();
    expect(events).toEqual([...BEGINNING, 'write', 'flush', 'check', 'commit', 'active true', 'abort']);
    expect({ fingerprint: outputs?.[0].fingerprint, unchanged }).toEqual({
      fingerprint: FINGERPRINT,
      unchanged: false,
    });
  });

  it('does not read back what has left already', async () => {
    const { events, run } = rehearsal({ isStaged: false });
    await run();
    expect(events).toEqual([...BEGINNING, 'write', 'flush', 'commit', 'active true', 'abort']);
  });

  it.each(['write', 'flush', 'check', 'commit'])('publishes nothing when "%s" fails', async (failing) => {
    const { events, run } = rehearsal({ failing });
    await expect(run()).rejects.toThrow(failing);
    expect(events.slice(-2)).toEqual([failing, 'abort']);
  });

  it.each(['plan', 'room'])('registers nothing when "%s" fails', async (failing) => {
    const { events, run } = rehearsal({ failing });
    await expect(run()).rejects.toThrow(failing);
    expect(events).not.toContain('register');
    expect(events.at(-1)).toBe('abort');
  });

  it('gets its keys again when others were registered meanwhile, and opens its output once', async () => {
    const { events, run } = rehearsal({ failing: 'register' });
    await run();
    const again = BEGINNING.filter((event) => event !== 'open');
    expect(events.slice(0, 11)).toEqual([...BEGINNING, ...again]);
  });

  it('leaves an existing output as it is, and confirms its keys', async () => {
    const { events, run } = rehearsal({ existing: true });
    expect(await run()).toMatchObject({ unchanged: true, outputs: [{ fingerprint: FINGERPRINT }] });
    expect(events).toEqual(['prepare', 'look', 'register', 'active true']);
  });

  it('does not look for an existing output with force', async () => {
    const { events, run } = rehearsal({ existing: true });
    await run({ force: true });
    expect(events).not.toContain('look');
    expect(events).toContain('commit');
  });

  it('only plans with dryRun', async () => {
    const { events, run } = rehearsal();
    expect(await run({ dryRun: true })).toMatchObject({ unchanged: false });
    expect(events).toEqual(['prepare', 'plan']);
  });
});
