import { afterEach, describe, expect, it, vi } from 'vitest';
import { RangeClient } from '../../../src/bytes/http/range-client.js';
import { DEFAULT_LIMITS } from '../../../src/bytes/remote/request-limits.js';
import { failureOf, reply, testServers } from '../../keys/http/servers.js';

const servers = testServers();
const clients: RangeClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

/** The size of a file behind a proxy. */
async function sizeThrough(proxy: { port: number }, url: string): Promise<number> {
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${proxy.port}`);
  vi.stubEnv('NO_PROXY', '');
  const client = new RangeClient({ kind: 'http', url, shown: url }, { ...DEFAULT_LIMITS, retryDelayMs: 5 });
  clients.push(client);
  return client.open();
}

describe('proxies', () => {
  it('are asked for the URLs of http servers, without a tunnel', async () => {
    const proxy = await servers.http(reply(206, 'x', { 'content-range': 'bytes 0-0/1234' }));
    expect(await sizeThrough(proxy, 'http://media.example/film.mp4')).toBe(1234);
    expect(proxy.seen).toMatchObject([{ method: 'GET', url: 'http://media.example/film.mp4' }]);
  });

  it('that hang up are asked once for a tunnel to an https server', async () => {
    const proxy = await servers.tcp((socket) => socket.once('data', () => socket.end()));
    const { error } = await failureOf(sizeThrough(proxy, 'https://media.example/film.mp4'));
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      message: expect.stringContaining('UND_ERR_ABORTED'),
      details: { remedy: expect.stringContaining('HTTPS_PROXY') },
    });
    expect(proxy.connections.made).toBe(1);
  });

  it('that want another user are named', async () => {
    const proxy = await servers.http(reply(407));
    const { error } = await failureOf(sizeThrough(proxy, 'http://media.example/film.mp4'));
    expect(error).toMatchObject({
      code: 'INPUT_UNREADABLE',
      details: { remedy: expect.stringContaining('user and password in the URL of the proxy') },
    });
  });
});
