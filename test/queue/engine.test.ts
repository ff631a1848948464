import Module from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/queue/engine.js';

/** Node.js loads packages of CommonJS by this. */
interface Loader {
  _load(name: string, ...rest: unknown[]): unknown;
}
const loader = Module as unknown as Loader;
const { _load: load } = loader;

const refusalOf = async (location: string) =>
  openEngine(location)
    .then((engine) => engine.openQueue())
    .then(
      () => undefined,
      (reason) => reason,
    );

describe('openEngine', () => {
  afterEach(() => {
    loader._load = load;
  });

  it.each(['mysql://host/db', 'queue', 'https://host', 'postgres:'])('refuses %s', async (location) => {
    expect(await refusalOf(location)).toMatchObject({ details: { remedy: expect.any(String) } });
  });

  it('says which package is missing for Redis', async () => {
    loader._load = function (this: unknown, name, ...rest) {
      if (name === 'ioredis') throw new Error("Cannot find module 'ioredis'");
      return load.call(this, name, ...rest);
    };
    expect(await refusalOf('redis://user:pass-word@127.0.0.1:1')).toMatchObject({
      code: 'QUEUE_FAILED',
      details: { remedy: 'Install it next to prpack: npm install ioredis.' },
    });
  });

  it.each(['postgres://user:pass-word@127.0.0.1:1/jobs', 'redis://user:pass-word@127.0.0.1:1/3'])(
    'says that a server does not answer, without its password: %s',
    async (location) => {
      const error = await refusalOf(location);
      expect(error).toMatchObject({
        code: 'QUEUE_FAILED',
        message: expect.stringContaining(location.replace('user:pass-word@', '')),
      });
      expect(error.message + JSON.stringify(error)).not.toContain('pass-word');
    },
  );
});
