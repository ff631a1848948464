import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/queue/engine.js';

describe('openEngine', () => {
  it.each(['mysql://host/db', 'queue', 'https://host', 'postgres:'])('refuses %s', async (location) => {
    const opening = openEngine(location).then((engine) => engine.openQueue());
    await expect(opening).rejects.toMatchObject({ details: { remedy: expect.any(String) } });
  });

  it('says which package is missing for Redis', async () => {
    const engine = await openEngine('redis://user:pass-word@127.0.0.1:1');
    const error = await engine.openQueue().then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toMatchObject({
      code: 'QUEUE_FAILED',
      details: { remedy: 'Install it next to prpack: npm install ioredis.' },
    });
    expect(engine.location).toBe('redis://127.0.0.1:1');
  });

  it('says that a server does not answer, without its password', async () => {
    const engine = await openEngine('postgres://user:pass-word@127.0.0.1:1/jobs');
    const error = await engine.openQueue().then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toMatchObject({
      code: 'QUEUE_FAILED',
      message: expect.stringContaining('postgres://127.0.0.1:1/jobs'),
    });
    expect(error.message + JSON.stringify(error)).not.toContain('pass-word');
  });
});
