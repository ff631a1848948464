import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withKeys } from '../../../src/cli/options/with-keys.js';
import * as library from '../../../src/index.js';
import { testServers } from '../../keys/http/servers.js';
import { spekeProvider } from '../../keys/providers.js';
import { sample } from '../../support/samples.js';
import { temporaryFolder } from '../../support/temporary.js';

const servers = testServers();
const inFolder = temporaryFolder();
const flags = { keyStore: `sqlite:${inFolder('keys.sqlite')}` };

describe('connections to servers of keys', () => {
  it.each<[string, (client: library.HttpClient, url: string) => Promise<unknown>]>([
    [
      'an encryption',
      (client, url) =>
        library.encrypt({
          ...{ input: sample('bars.mp4'), output: inFolder('out.mp4'), keysOut: inFolder('keys.json') },
          keys: new library.SpekeKeySource({ url, client, contentId: 'c', scheme: 'cenc', systems: [] }),
        }),
    ],
    [
      'many requests at once',
      (client, url) => Promise.all(Array.from({ length: 5 }, () => client.request({ method: 'GET', url }))),
    ],
    [
      'work that fails',
      async (client, url) => {
        await client.request({ method: 'GET', url });
        throw new Error('failed');
      },
    ],
  ])('are closed after %s', async (_, work) => {
    const server = await servers.http((seen, response, attempt) =>
      seen.method === 'POST' ? spekeProvider()(seen, response, attempt) : response.end('.'),
    );
    const { signal } = new AbortController();
    let openAtEnd = 0;
    await withKeys(flags, library, signal, async (_store, client) => {
      try {
        await work(client, server.url);
      } finally {
        openAtEnd = server.connections.open;
      }
    }).catch((error: Error) => expect(error.message).toBe('failed'));
    expect(openAtEnd).toBeGreaterThan(0);
    for (let waited = 0; waited < 50 && server.connections.open > 0; waited++) await delay(10); // undici would keep them for 4 s
    expect(server.connections.open).toBe(0);
  });
});
